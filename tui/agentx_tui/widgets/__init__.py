"""The widgets of the screens, one a module, each with its style beside it."""
