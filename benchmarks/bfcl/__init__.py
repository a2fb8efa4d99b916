"""The Berkeley Function Calling Leaderboard: which calls are proposed, judged by its own checkers."""
