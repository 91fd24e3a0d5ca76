"""The endpoint client against a real HTTP server on loopback: what it sends, retries, reads, and says when it gives up."""

import time
from http.server import BaseHTTPRequestHandler

import pytest

from models.catalog import Decoding, OpenAIEntry
from models.endpoint import EndpointGenerator
from models.errors import EndpointError
from models.prompts import load_prompt
from models.tests.server import NAMES, Handler, Server, chat
from models.types import Request

SECRET = "sk-secret-7f3a"


@pytest.fixture
def serve(monkeypatch):
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    servers = []

    def start(reply):
        servers.append(Server(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def entry(server, **settings):
    fields = {"name": "remote", "role": "candidate", "kind": "openai", "model": "m", "prompt": "compact", **settings}
    return OpenAIEntry(base_url=server.url, **fields)


def requests(count):
    return [Request(str(number), f"bakery {number}") for number in range(count)]


def generation(server, count=1, **settings):
    return EndpointGenerator(entry(server, **settings)).generate(requests(count))


def answers(server, count=1, **settings):
    return dict(generation(server, count, **settings))


def failure(server, count=1, **settings):
    """Return the message of the error, and the ids of the answers that came before it."""
    finished: list[str] = []
    with pytest.raises(EndpointError) as caught:
        finished.extend(key for key, _ in generation(server, count, **settings))
    assert str(caught.value).startswith(f"model 'remote' at {server.url}: ")
    return str(caught.value), finished


def slow(seconds):
    def reply(number, question):
        time.sleep(seconds)
        return chat()

    return reply


def test_every_request_gets_its_own_answer(serve):
    server = serve(lambda number, question: chat(f'["{question[-1]}.com", "b.com"]', completion_tokens=11))
    found = answers(server, 9, concurrency=3)
    assert {key: completion.text for key, completion in found.items()} == {str(n): f'["{n}.com", "b.com"]' for n in range(9)}
    completion = found["4"]
    assert (completion.tokens, completion.finish_reason, completion.mean_logprob) == (11, "stop", None)
    assert 0 < completion.seconds < 60


def test_what_is_sent(serve):
    server = serve(lambda number, question: chat())
    answers(server, decoding=Decoding(max_new_tokens=20, temperature=0.5, top_p=0.9, seed=3))
    assert server.asked == [
        {
            "model": "m",
            "messages": load_prompt("compact").render("bakery 0"),
            "max_tokens": 20,
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 3,
            "stream": False,
        }
    ]
    assert server.paths == ["/v1/chat/completions"]


@pytest.mark.parametrize(
    ("stop", "text", "reason"),
    [("]", NAMES, "stop"), ("", f"{NAMES} and more [1]", "length"), ("more", f"{NAMES} and more", "stop")],
)
def test_the_text_is_cut_after_the_first_stop_string(serve, stop, text, reason):
    server = serve(lambda number, question: chat(f"{NAMES} and more [1]", "length"))
    completion = answers(server, decoding=Decoding(stop=stop))["0"]
    assert (completion.text, completion.finish_reason) == (text, reason)


def test_an_absent_text_token_count_and_reason_are_no_error(serve):
    server = serve(lambda number, question: chat(None, None))
    completion = answers(server)["0"]
    assert (completion.text, completion.tokens, completion.finish_reason) == ("", 0, "stop")


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_passing_fault_is_retried(serve, status):
    server = serve(lambda number, question: (status, {"error": {"message": "later"}}) if number < 4 else chat())
    assert answers(server)["0"].text == NAMES
    assert len(server.asked) == 4


def test_a_lasting_fault_is_given_up_after_four_tries(serve):
    server = serve(lambda number, question: (500, {"error": {"message": "the GPU is on fire"}}))
    message, _ = failure(server)
    assert "500" in message
    assert "the GPU is on fire" in message
    assert len(server.asked) == 4


def test_an_unknown_model_is_not_retried_and_the_message_says_what_to_check(serve):
    server = serve(lambda number, question: (404, {"error": {"message": "model 'm' not found"}}))
    message, _ = failure(server)
    assert "model 'm' not found" in message
    assert "is `model` the name it serves" in message
    assert "$OPENAI_API_KEY" in message
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"not json",
        b"<html>Welcome to nginx!</html>",
        b"\xff\xfe",
        b"",
        [],
        "text",
        {},
        {"choices": []},
        {"choices": None},
        {"choices": 5},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": [{"type": "text", "text": "x"}]}}]},
    ],
)
def test_a_reply_that_is_no_chat_completion(serve, reply):
    assert "the reply is not a chat completion" in failure(serve(lambda number, question: reply))[0]


def test_a_reply_of_another_content_type(serve, monkeypatch):
    monkeypatch.setattr(Handler, "send_header", lambda self, name, value: _as_html(self, name, value))
    assert "the reply is not a chat completion" in failure(serve(lambda number, question: b"<html></html>"))[0]


def _as_html(handler, name, value):
    BaseHTTPRequestHandler.send_header(handler, name, "text/html" if name == "Content-Type" else value)


def test_a_server_slower_than_the_timeout(serve):
    server = serve(slow(1))
    started = time.perf_counter()
    assert "timed out" in failure(server, timeout=0.1)[0]
    assert time.perf_counter() - started < 3
    assert len(server.asked) == 4


@pytest.fixture
def impatient(monkeypatch):
    """Nothing may wait for another try."""
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail(f"waited for {seconds} s"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("impatient")
def test_a_port_that_nobody_listens_at_is_said_at_once(serve):
    server = serve(lambda number, question: chat())
    server.stop()
    message, finished = failure(server, 6)
    assert "nothing listens there ([Errno 111] Connection refused). Is the server running" in message
    assert (finished, server.asked) == ([], [])


def test_a_server_that_answered_once_is_tried_again(serve, monkeypatch):
    server = serve(lambda number, question: chat())
    generator = EndpointGenerator(entry(server))
    assert len(dict(generator.generate(requests(2)))) == 2
    server.stop()
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with pytest.raises(EndpointError, match="Connection error"):
        dict(generator.generate(requests(1)))
    assert len(waits) == 3


def test_only_a_list_of_models_is_asked_for_without_a_request(serve):
    """The server knows no such list, as some do not, and is asked all the same."""
    server = serve(lambda number, question: chat())
    assert len(answers(server, 3, concurrency=1)) == 3
    assert server.paths == ["/v1/chat/completions"] * 3


def test_a_server_killed_half_way_keeps_what_was_answered(serve):
    def reply(number, question):
        if number == 3:
            server.stop()
            raise ConnectionError
        return chat()

    server = serve(reply)
    message, finished = failure(server, 6, concurrency=1)
    assert "Connection error" in message
    assert finished == ["0", "1"]
    assert len(server.asked) == 3


def test_a_failure_waits_for_what_is_in_flight_and_asks_nothing_more(serve):
    def reply(number, question):
        if question.endswith(" 0"):
            return 404, {"error": {"message": "no"}}
        time.sleep(0.1)
        return chat()

    server = serve(reply)
    _, finished = failure(server, 40, concurrency=2)
    assert len(finished) == len(server.asked) - 1
    assert 1 <= len(finished) <= 10


def test_a_consumer_that_stops_early_asks_for_no_more(serve):
    server = serve(slow(0.05))
    answering = generation(server, 40, concurrency=2)
    next(answering)
    answering.close()
    assert len(server.asked) <= 10


def test_the_key_comes_from_the_named_variable_only(serve, monkeypatch):
    server = serve(lambda number, question: chat())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-someone-else")
    monkeypatch.setenv("MY_KEY", SECRET)
    answers(server, api_key_env="MY_KEY")
    monkeypatch.setenv("MY_KEY", "")
    answers(server, api_key_env="MY_KEY")
    monkeypatch.delenv("MY_KEY")
    answers(server, api_key_env="MY_KEY")
    assert server.keys == [f"Bearer {SECRET}", "Bearer no-key-is-set", "Bearer no-key-is-set"]


def test_the_key_is_in_no_message_even_if_the_server_quotes_it(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    server = serve(lambda number, question: (401, {"error": {"message": f"invalid key {SECRET}"}}))
    message, _ = failure(server)
    assert "invalid key $OPENAI_API_KEY" in message
    assert SECRET not in message
    assert SECRET not in repr(EndpointGenerator(entry(server)))
