"""What holds the inside in, as it is asked of the engine."""

import json

from harness.sandbox.limits import settings
from harness.sandbox.spec import SandboxSpec

SPEC = SandboxSpec.of(screen="1024x768", memory="1g", cpus=1.5, lease=30, labels={"team": "qa"})
ASKED = settings(SPEC, "image", {"harness.sandbox": "id"})
HOST = ASKED["HostConfig"]


def test_all_capabilities_are_dropped_but_the_three_the_supervisor_needs() -> None:
    assert (HOST["CapDrop"], HOST["CapAdd"]) == (["ALL"], ["SETUID", "SETGID", "KILL"])


def test_there_is_no_network_no_port_no_mount_of_the_host_and_no_privilege() -> None:
    assert HOST["NetworkMode"] == "none"
    assert not {"PortBindings", "Binds", "Mounts", "Privileged", "Devices"} & set(HOST)
    assert "no-new-privileges" in HOST["SecurityOpt"]


def test_the_seccomp_profile_is_given_as_text_and_refuses_by_default() -> None:
    (profile,) = (option for option in HOST["SecurityOpt"] if option.startswith("seccomp="))
    assert json.loads(profile.removeprefix("seccomp="))["defaultAction"] == "SCMP_ACT_ERRNO"


def test_memory_has_no_swap_on_top_and_the_file_systems_have_their_sizes() -> None:
    assert HOST["Memory"] == HOST["MemorySwap"] == 1 << 30
    assert HOST["ShmSize"] == SPEC.disks.shm
    assert f"size={SPEC.disks.home}" in HOST["Tmpfs"]["/home/user"]
    assert all("nosuid,nodev" in options for options in HOST["Tmpfs"].values())


def test_programs_can_be_run_from_home_and_tmp_and_from_no_other_file_system() -> None:
    runnable = {path for path, options in HOST["Tmpfs"].items() if ",exec," in options}
    assert runnable == {"/home/user", "/tmp"}  # noqa: S108 - the guest's own
    assert HOST["ReadonlyRootfs"]


def test_the_supervisor_hears_of_screen_and_lease_and_labels_of_ours_win() -> None:
    assert ASKED["Env"] == ["HARNESS_SCREEN=1024x768", "HARNESS_LEASE=30"]
    assert ASKED["Labels"] == {"team": "qa", "harness.sandbox": "id"}
    clash = settings(SandboxSpec.of(labels={"harness.sandbox": "forged"}), "image", {"harness.sandbox": "id"})
    assert clash["Labels"] == {"harness.sandbox": "id"}
