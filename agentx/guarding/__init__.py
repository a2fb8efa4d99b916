"""What comes of what guards find (`agentx.guard`): nothing, a warning, a mask, a question to a person, or a refusal.

`actions` reads what the user wants, `checking` asks the guards, `desk` sees to it in a run. Imported only where a guard
is on.
"""
