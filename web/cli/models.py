"""`examhall models`: fetch the detectors' models, and say which are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import requests

from examhall.core.proctoring.models_store import (
    MODELS,
    Model,
    ModelState,
    get_model,
    get_state,
    install_model,
)
from examhall.core.settings import load_settings

CONNECT_SECONDS = 10
READ_SECONDS = 60
PIECE = 1 << 16


@click.group()
def models() -> None:
    """Look after the models that detectors need (folder EXAMHALL_MODELS_DIR)."""


@models.command("list")
def show_list() -> None:
    """Show all models: whether they are there, their size, licence and publisher's address."""
    folder = load_settings().models_dir
    click.echo(f"Models in {folder}:")
    for model in MODELS:
        click.echo(f"{get_state(folder, model):8} {model.name}  ({model.size / 1e6:.1f} MB)")
        click.echo(f"         for {model.purpose}; licence {model.licence}")
        click.echo(f"         {model.address}")


@models.command()
@click.argument("names", nargs=-1)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Take the files from a folder, on a machine that cannot reach their publishers.",
)
def fetch(names: tuple[str, ...], source: Path | None) -> None:
    """Fetch models from their publishers, all of them or those that are named.

    Each file is verified before it is put in place; what is there already is left alone.
    """
    folder = load_settings().models_dir
    wanted = [get_model(name) for name in names] or list(MODELS)
    for model in wanted:
        if get_state(folder, model) is ModelState.READY:
            click.echo(f"{model.name}: there already")
            continue
        pieces = _read(source, model) if source else _download(model, folder)
        path = install_model(folder, model, pieces)
        click.echo(f"{model.name}: fetched and verified, {path}")


def _read(source: Path, model: Model) -> Iterator[bytes]:
    path = source / model.name
    if not path.is_file():
        raise click.ClickException(f"{path} is not there.")
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _download(model: Model, folder: Path) -> Iterator[bytes]:
    try:
        with requests.get(
            model.address, stream=True, timeout=(CONNECT_SECONDS, READ_SECONDS)
        ) as response:
            response.raise_for_status()
            yield from response.iter_content(PIECE)
    except requests.RequestException as error:
        raise click.ClickException(
            f"{model.name} cannot be fetched from {model.address}: {_reason(error)}\n"
            f"Without access to the internet, bring the file here yourself and run\n"
            f"  examhall models fetch --from FOLDER\n"
            f"or put it into {folder}."
        ) from error


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the answer was {error.response.status_code}."
    if isinstance(error, requests.Timeout):
        return "no answer in time."
    return "the server cannot be reached."
