"""Every provider's client over real connections: proxies, certificates, headers, keys."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from harness.errors import HarnessError, NotAllowed, Rejected, UsageError
from harness.model.catalog import Provider
from harness.model.claude import Claude
from harness.model.clients import ACCESS, connected
from harness.model.reach import Api
from harness.model.throttle import Waiting
from harness.model.turn import Request
from tests.support.api import Hold, Refuse, StandIn, Turn, say, stand_in
from tests.support.bedrock import answer, exception, said, sse
from tests.support.moments import Moments
from tests.support.network import answering, forward_proxy, over_tls

KEY = "sk-ant-api03-very-secret-key"
REQUEST = Request({
    "model": "claude-opus-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}],
})  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No credentials but one key; no proxy."""
    for access in ACCESS.values():
        for name in (*access.secrets, *access.others):
            monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return monkeypatch


@asynccontextmanager
async def hello(*replies: Turn | Refuse) -> AsyncIterator[StandIn]:
    async with stand_in(list(replies) or [Turn([say("hello")])], keys=[KEY]) as api:
        yield api


async def ask(api: Api, provider: Provider = "anthropic", waits: list[Waiting] | None = None) -> str:
    """What a model says; three waits are enough."""
    told = waits if waits is not None else []
    async with connected(provider, api) as line:
        claude = Claude(line, Moments().throttle(), waits=told.append, hears=lambda _: None)
        return (await claude.turn(REQUEST)).text


async def test_the_api_may_be_at_another_address() -> None:
    async with hello() as api:
        assert await ask(Api(base_url=api.url)) == "hello"


@pytest.mark.parametrize(("variable", "header"), [("ANTHROPIC_API_KEY", "Bearer"), ("ANTHROPIC_AUTH_TOKEN", "Bearer")])
async def test_the_key_is_the_sdks_own_affair(variable: str, header: str, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ANTHROPIC_API_KEY")
    environment.setenv(variable, KEY)
    async with hello() as api:
        assert await ask(Api(base_url=api.url)) == "hello"
        assert api.requests[0].headers["authorization"] == f"{header} {KEY}"


async def test_headers_go_with_every_request() -> None:
    async with hello() as api:
        await ask(Api(base_url=api.url, headers={"X-Team": SecretStr("desk")}))
        assert api.requests[0].headers["x-team"] == "desk"


@pytest.mark.parametrize("login", [None, "me:pass-word"])
async def test_a_proxy_passes_requests_on(login: str | None) -> None:
    async with hello() as api, forward_proxy(login) as proxy:
        assert await ask(Api(base_url=api.url, proxy=SecretStr(proxy.url))) == "hello"
        assert proxy.asked == [f"POST {api.url}/v1/messages HTTP/1.1"]


async def test_a_proxy_from_the_environment_is_used(environment: pytest.MonkeyPatch) -> None:
    async with hello() as api, forward_proxy() as proxy:
        environment.setenv("HTTP_PROXY", proxy.url)
        assert await ask(Api(base_url=api.url)) == "hello"
        assert len(proxy.asked) == 1


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def certificates(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


async def test_certificates_of_ones_own_are_trusted_also_through_a_proxy(
    certificates: Path, tls: ssl.SSLContext
) -> None:
    async with hello(Turn([say("hello")]), Turn([say("again")])) as api, over_tls(api.url, tls) as url:
        assert await ask(Api(base_url=url, ca_bundle=certificates)) == "hello"
        async with forward_proxy("me:pass-word") as proxy:
            assert await ask(Api(base_url=url, ca_bundle=certificates, proxy=SecretStr(proxy.url))) == "again"
            assert proxy.asked == [f"CONNECT {url.removeprefix('https://')} HTTP/1.1"]


async def test_a_certificate_that_is_not_trusted_names_the_setting_and_is_not_asked_again(tls: ssl.SSLContext) -> None:
    waits: list[Waiting] = []
    async with hello() as api, over_tls(api.url, tls) as url:
        with pytest.raises(Rejected, match=r"the certificate of localhost is not trusted.*api\.ca_bundle"):
            await ask(Api(base_url=url), waits=waits)
    assert waits == []


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_bundle_that_is_none_is_told(content: str | None, tmp_path: Path) -> None:
    if content:
        (tmp_path / "ca.pem").write_text(content)
    with pytest.raises(UsageError, match=r"api\.ca_bundle: .*ca\.pem cannot be read as certificates"):
        await ask(Api(ca_bundle=tmp_path / "ca.pem"))


async def test_a_proxy_that_wants_a_login_is_named() -> None:
    async with hello() as api, forward_proxy("me:pass-word") as proxy:
        nobody = SecretStr(f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(NotAllowed, match=r"407.*api\.proxy"):
            await ask(Api(base_url=api.url, proxy=nobody))
        with pytest.raises(NotAllowed, match=r"407.*api\.proxy"):
            await ask(Api(base_url="https://api.test", proxy=nobody))


async def test_a_redirect_is_not_followed_and_names_the_setting() -> None:
    async with hello(Refuse(307, headers={"location": "https://else.test/"})) as api:
        with pytest.raises(Rejected, match=r"307 to https://else\.test/.*api\.base_url"):
            await ask(Api(base_url=api.url))


async def test_no_more_connections_are_opened_than_are_allowed() -> None:
    async with (
        stand_in([Turn([say("hello")])] * 8) as api,
        connected("anthropic", Api(base_url=api.url, connections=2)) as line,
    ):
        claudes = [Claude(line, Moments().throttle(), waits=lambda _: None, hears=lambda _: None) for _ in range(8)]
        turns = await asyncio.gather(*(claude.turn(REQUEST) for claude in claudes))
        assert [turn.text for turn in turns] == ["hello"] * 8
        assert len(api.listener.wires.open) == 2


async def test_connections_are_closed_at_the_end() -> None:
    async with hello() as api:
        await ask(Api(base_url=api.url))
        (wire,) = api.listener.wires.open.values()
        await wire.lost.wait()


async def test_who_is_cancelled_in_the_middle_of_an_answer_hangs_up() -> None:
    hold = Hold(2)
    async with hello(Turn([say("hello")]).badly(hold)) as api:
        asking = asyncio.create_task(ask(Api(base_url=api.url)))
        await hold.reached.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await hold.left.wait()


async def test_without_a_key_one_line_says_what_to_do(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("ANTHROPIC_API_KEY")
    with pytest.raises(UsageError, match="there is no key for the Messages API: set ANTHROPIC_API_KEY"):
        await ask(Api())


# --- other providers ---------------------------------------------------------------------------------------------


def bedrock(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_REGION", "eu-west-1")
    environment.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    environment.setenv("AWS_SECRET_ACCESS_KEY", "aws-very-secret-key")


async def test_bedrock_signs_requests_and_its_streams_are_read(environment: pytest.MonkeyPatch) -> None:
    bedrock(environment)
    async with answering(answer(said("hello"))) as server:
        assert await ask(Api(base_url=server.url, headers={"X-Team": SecretStr("desk")}), "bedrock") == "hello"
        head = server.heads[0].lower()
    assert head.startswith("post /model/claude-opus-5/invoke-with-response-stream ")
    assert "aws4-hmac-sha256 credential=akidexample/" in head
    assert "x-team: desk" in head


@pytest.mark.parametrize(
    ("kind", "waited"),
    [
        ("throttlingException", "rate limit"),
        ("modelTimeoutException", "timeout"),
        ("serviceUnavailableException", "status 503"),
    ],
)
async def test_errors_inside_the_streams_of_bedrock_are_waited_out(
    kind: str, waited: str, environment: pytest.MonkeyPatch
) -> None:
    bedrock(environment)
    waits: list[Waiting] = []
    async with answering(exception(kind, "slow down"), answer(said("hello"))) as server:
        assert await ask(Api(base_url=server.url), "bedrock", waits) == "hello"
    assert [wait.kind for wait in waits] == [waited]


async def test_bedrock_counts_nothing(environment: pytest.MonkeyPatch) -> None:
    bedrock(environment)
    async with answering() as server, connected("bedrock", Api(base_url=server.url)) as line:
        claude = Claude(line, Moments().throttle(), waits=lambda _: None, hears=lambda _: None)
        assert await claude.count(REQUEST) is None


async def test_vertex_takes_the_token_of_its_own_library(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CLOUD_ML_REGION", "europe-west1")
    environment.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "desk")
    async with answering(sse(said("hello"))) as server, connected("vertex", Api(base_url=server.url)) as line:
        line.client.access_token = "very-secret-token"  # type: ignore[union-attr] # noqa: S105 - as its library finds it
        claude = Claude(line, Moments().throttle(), waits=lambda _: None, hears=lambda _: None)
        assert (await claude.turn(REQUEST)).text == "hello"
        assert server.heads[0].startswith(
            "POST /projects/desk/locations/europe-west1/publishers/anthropic/models/claude-opus-5:streamRawPredict "
        )


async def test_foundry_sends_its_key_in_its_own_header(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANTHROPIC_FOUNDRY_API_KEY", KEY)
    async with hello() as api:
        assert await ask(Api(base_url=api.url), "foundry") == "hello"
        assert api.requests[0].headers["x-api-key"] == KEY


async def test_claude_on_aws_takes_a_key_and_names_its_workspace(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("ANTHROPIC_AWS_API_KEY", KEY)
    environment.setenv("ANTHROPIC_AWS_WORKSPACE_ID", "wrkspc_1")
    async with hello() as api:
        assert await ask(Api(base_url=api.url), "aws") == "hello"
        assert api.requests[0].headers["anthropic-workspace-id"] == "wrkspc_1"


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("bedrock", "AWS_REGION"),
        ("vertex", "CLOUD_ML_REGION"),
        ("foundry", "ANTHROPIC_FOUNDRY_API_KEY"),
        ("aws", "ANTHROPIC_AWS_WORKSPACE_ID"),
    ],
)
async def test_what_a_provider_lacks_is_named_before_anything_is_asked(provider: Provider, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        await ask(Api(), provider)


@pytest.mark.parametrize("provider", ["bedrock", "vertex"])
async def test_credentials_that_nobody_finds_are_told_with_what_to_set(
    provider: Provider, environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("AWS_REGION", "eu-north-1")  # the SDK keeps what it found for a region
    environment.setenv("CLOUD_ML_REGION", "europe-west1")
    environment.setenv("ANTHROPIC_VERTEX_PROJECT_ID", "desk")
    environment.setenv("NO_GCE_CHECK", "true")
    async with answering() as server:
        with pytest.raises(NotAllowed, match=r"no request can be made.*(AWS_PROFILE|GOOGLE_APPLICATION_CREDENTIALS)"):
            await ask(Api(base_url=server.url), provider)


# --- secrets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 401, 500])
async def test_no_secret_is_ever_logged_or_told(
    status: int, caplog: pytest.LogCaptureFixture, tls: ssl.SSLContext, certificates: Path
) -> None:
    """Also where a server tells the secrets it got."""
    caplog.set_level(logging.DEBUG)
    secrets = (KEY, "team-secret", "proxy-password")
    told: list[Waiting] = []
    bad = Refuse(status, f"you sent {' '.join(secrets)}")
    async with (
        hello(Turn([say("hello")]) if status == 200 else bad, Turn([say("hello")])) as api,
        over_tls(api.url, tls) as url,
        forward_proxy("me:proxy-password") as proxy,
    ):
        headers = {"X-Team": SecretStr("team-secret")}
        reached = Api(base_url=url, ca_bundle=certificates, proxy=SecretStr(proxy.url), headers=headers)
        error = ""
        try:
            await ask(reached, waits=told)
        except HarnessError as raised:
            error = f"{raised} {raised!r} {raised.describe()} {raised.__cause__!r}"
    everything = f"{caplog.text} {error} {told} {reached!r} {reached} {reached.model_dump_json()}"
    assert len(caplog.records) > 5
    for secret in secrets:
        assert secret not in everything
