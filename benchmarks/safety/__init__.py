"""What hostile code can do behind the walls: figures of `agentx_tools.sandbox`."""
