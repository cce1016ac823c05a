"""A throw-away S3 server: a Ceph cluster of one machine, in memory, with its gateway.

It checks signatures, expiry and object locks as a production store does, which
the usual imitations do not. Server-side encryption is the one thing it ignores.
"""

import http.client
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from uuid import uuid4

from minio import Minio

from tests.services.process import (
    NotInstalledError,
    ServerProcess,
    StartError,
    as_unprivileged_user,
    free_port,
    make_folder,
    remove_folder,
)

PROGRAMS = (
    "ceph",
    "ceph-authtool",
    "ceph-mon",
    "ceph-osd",
    "monmaptool",
    "radosgw",
    "radosgw-admin",
)
REGION = "us-east-1"
COMMAND_SECONDS = 30

# One copy of everything in memory, no authentication between the parts, and no
# waiting for further members of the cluster.
CONFIGURATION = """\
[global]
fsid = {cluster}
mon_initial_members = a
mon_host = [v2:127.0.0.1:{monitor_port}/0]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
public_network = 127.0.0.0/8
ms_bind_ipv4 = true
ms_bind_msgr1 = false
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
keyring = {folder}/keyring
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
mon_cluster_log_file = {folder}/cluster.log
setuser_match_path =
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_data_avail_warn = 1
mon_data_avail_crit = 0
mon_osd_full_ratio = .97
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off

[mon.a]
host = localhost
mon_data = {folder}/mon

[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_memory_target = 536870912
osd_class_load_list = *
osd_class_default_list = *

[client.rgw]
ms_mon_client_mode = crc
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{gateway_port}
rgw_enable_apis = s3,admin
rgw_thread_pool_size = 32
"""

KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *"},
    "client.rgw": {"mon": "allow *", "osd": "allow *"},
}


class S3Server:
    """An S3 server with one user and a bucket.

    ``endpoint`` is host:port, as the minio client wants it; ``url`` is the same
    with its scheme.
    """

    def __init__(self) -> None:
        _check_installed()
        self.folder = make_folder("s3")
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self._monitor_port, self._gateway_port = free_port(), free_port()
        self.endpoint = f"127.0.0.1:{self._gateway_port}"
        self.url = f"http://{self.endpoint}"
        self._processes: list[ServerProcess] = []
        try:
            self._configure()
            self._start_monitor()
            self._start_storage()
            self._start_gateway()
            self.bucket = self.create_bucket()
        except BaseException:
            self.stop()
            raise

    @property
    def pids(self) -> list[int]:
        """The numbers of the servers' processes."""
        return [process.pid for process in self._processes]

    def client(self) -> Minio:
        """Return a client that may do everything."""
        return Minio(
            self.endpoint,
            access_key=self.access_key,
            secret_key=self.secret_key,
            secure=False,
            region=REGION,
        )

    def create_bucket(self, *, object_lock: bool = False) -> str:
        """Make an empty bucket and return its name."""
        name = f"examhall-{uuid4().hex[:12]}"
        self.client().make_bucket(name, object_lock=object_lock)
        return name

    def stop(self) -> None:
        """End the servers, the gateway first, and remove their files."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()
        remove_folder(self.folder)

    def _configure(self) -> None:
        cluster = str(uuid4())
        (self.folder / "ceph.conf").write_text(
            CONFIGURATION.format(
                cluster=cluster,
                folder=self.folder,
                monitor_port=self._monitor_port,
                gateway_port=self._gateway_port,
            )
        )
        for part in ("mon", "osd", "rgw"):
            (self.folder / part).mkdir()
            if owner := as_unprivileged_user():
                shutil.chown(self.folder / part, owner["user"])
        self._run("ceph-authtool", "--create-keyring", "keyring")
        for name, rights in KEYS.items():
            words = [word for part, right in rights.items() for word in ("--cap", part, right)]
            self._run("ceph-authtool", "keyring", "--gen-key", "-n", name, *words)
        address = f"[v2:127.0.0.1:{self._monitor_port}/0]"
        self._run("monmaptool", "--create", "--fsid", cluster, "--addv", "a", address, "monmap")

    def _start_monitor(self) -> None:
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        monitor = self._spawn("ceph-mon", "-i", "a")
        monitor.wait_until(lambda: self._succeeds("ceph", "--connect-timeout", "2", "status"))

    def _start_storage(self) -> None:
        identity = str(uuid4())
        self._run("ceph", "osd", "new", identity)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        storage = self._spawn("ceph-osd", "-i", "0")
        storage.wait_until(lambda: "1 up" in self._run("ceph", "osd", "stat"))

    def _start_gateway(self) -> None:
        gateway = self._spawn("radosgw", "-n", "client.rgw")
        gateway.wait_until(self._answers, seconds=60)
        self._run(
            *("radosgw-admin", "user", "create", "--uid", "tests", "--display-name", "tests"),
            *("--access-key", self.access_key, "--secret-key", self.secret_key),
        )

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.endpoint, timeout=2)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _env(self) -> Mapping[str, str]:
        return {"CEPH_CONF": str(self.folder / "ceph.conf"), "HOME": str(self.folder)}

    def _spawn(self, *command: str) -> ServerProcess:
        # Nothing of it is kept, so there is nothing to put in order at the end.
        process = ServerProcess(
            [*command, "-f"], self.folder, env=self._env(), end_signal=signal.SIGKILL
        )
        self._processes.append(process)
        return process

    def _run(self, *command: str) -> str:
        """Run one of Ceph's programs in the folder and return what it printed."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            cwd=self.folder,
            env={**os.environ, **self._env()},
            **as_unprivileged_user(),
        )
        if done.returncode != 0:
            raise StartError(f"{' '.join(command[:3])}:\n{done.stderr.strip()}")
        return done.stdout

    def _succeeds(self, *command: str) -> bool:
        try:
            self._run(*command)
        except StartError:
            return False
        return True


def _check_installed() -> None:
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        raise NotInstalledError(f"Ceph's {', '.join(absent)} not found (package radosgw)")
