"""What may be asked for, and what is said where it may not."""

import pytest

from harness.errors import UsageError
from harness.sandbox.spec import MIB, SandboxSpec
from sandbox_image.wire import Size


def test_the_defaults_are_a_sandbox() -> None:
    spec = SandboxSpec()
    assert spec.screen == Size(width=1280, height=800)
    assert sum(spec.disks) < spec.memory


@pytest.mark.parametrize(
    ("written", "size"), [("512m", 512 * MIB), ("1.5g", 1536 * MIB), ("2 GiB", 2048 * MIB), (600 * MIB, 600 * MIB)]
)
def test_memory_is_written_as_people_write_it(written: str | int, size: int) -> None:
    assert SandboxSpec.of(memory=written).memory == size


@pytest.mark.parametrize("written", ["1920x1080", "1920 X 1080", (1920, 1080), Size(width=1920, height=1080)])
def test_a_screen_is_written_as_people_write_it(written: object) -> None:
    assert SandboxSpec.of(screen=written).screen == Size(width=1920, height=1080)


@pytest.mark.parametrize(("written", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), (30, 30)])
def test_a_lease_is_written_as_people_write_it(written: str | int, seconds: float) -> None:
    assert SandboxSpec.of(lease=written).lease == seconds


@pytest.mark.parametrize("written", ["gimp, featherpad", ["gimp", "featherpad", "gimp"], ("featherpad", "gimp")])
def test_applications_are_names_of_packages_in_order_and_each_once(written: object) -> None:
    assert SandboxSpec.of(apps=written).apps == ("featherpad", "gimp")


def test_file_systems_follow_the_memory_that_holds_them() -> None:
    small = SandboxSpec.of(memory="512m")
    assert small.disks == (128 * MIB, 128 * MIB, 64 * MIB)


def test_file_systems_beyond_the_memory_limit_are_refused_with_both_numbers() -> None:
    with pytest.raises(UsageError, match="must stay below its limit: 1792m of 1024m"):
        SandboxSpec.of(memory="1g", home="1g", tmp="640m")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"screen": "wide"}, "screen: a screen is WIDTHxHEIGHT"),
        ({"screen": "10x10"}, "320x200 to 7680x4320"),
        ({"screen": (1, 2, 3)}, "screen: "),
        ({"memory": "lots"}, "memory: an amount of memory"),
        ({"lease": "1s"}, "lease: .*greater than or equal to 5"),
        ({"lease": "soon"}, "lease: a span of time"),
        ({"network": "host"}, "network: .*'none'"),
        ({"speed": 3}, "speed: "),
        ({"apps": "Gimp"}, "apps: .*the name of a Debian package.*'Gimp' is none"),
        ({"apps": "gimp,"}, "apps: .*'' is none"),
        ({"apps": ["gimp-"]}, "apps: .*'gimp-' is none"),  # to apt that means: remove it
        ({"apps": ["--yes"]}, "apps: .*'--yes' is none"),
        ({"apps": 3}, "apps: "),
        ({"apps": "gimp", "image": "mine"}, "give `image` or `apps`, not both"),
    ],
)
def test_what_cannot_be_is_a_usage_error_that_names_the_field(changes: dict[str, object], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        SandboxSpec.of(**changes)


def test_changes_come_on_top_of_a_given_spec() -> None:
    spec = SandboxSpec.of(SandboxSpec.of(memory="4g", screen="800x600"), screen="1024x768")
    assert (spec.memory, spec.screen) == (4096 * MIB, Size(width=1024, height=768))
