"""The smallest typer app: what its `--help` takes is what a command line of this kind costs at least."""

import typer

app = typer.Typer()


@app.command()
def greet(name: str) -> None:
    """Greets somebody."""
    typer.echo(f"Hello {name}")


if __name__ == "__main__":
    app()
