"""Facts about the user, taken from what they said in conversations: shown, and kept only with their consent."""
