"""What a database of its own costs each test."""

import time
from statistics import median

import pytest

RUNS = 10
times: dict[str, list[float]] = {}


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def timed_database(request):
    # The server and the template are made once: they are not what is measured.
    templates = {"sqlite_url": "sqlite_template", "postgres_url": "postgres_template"}
    request.getfixturevalue(templates[request.param])
    begin = time.perf_counter()
    request.getfixturevalue(request.param)
    times.setdefault(request.param, []).append(time.perf_counter() - begin)


@pytest.fixture(scope="module", autouse=True)
def report():
    yield
    for name, seconds in times.items():
        print(f"\n{name}: median {median(seconds) * 1000:.1f} ms, of {len(seconds)}", end="")


@pytest.mark.parametrize("run", range(RUNS))
@pytest.mark.usefixtures("timed_database")
def test_new_database(run):
    pass
