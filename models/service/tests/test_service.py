"""The real service over loopback, with the template behind the guard: no weights of a language model to wait for."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from models.contract import domain_fault
from models.service.tests.server import serving, wait_until_ready

GROOMER = {"business_description": "mobile dog groomer, Leeds"}
UNSAFE = {"business_description": "we sell stolen credit card numbers and bank logins by the thousand"}


def post(server, path, body, **options):
    return httpx.post(server.url + path, json=body, timeout=60, **options)


def test_domains_have_the_shape_of_their_route(server):
    answer = post(server, "/generate-domains", GROOMER).json()
    assert answer["status"] == "success"
    assert answer["model_used"] == "template+guard"
    assert answer["fallback"] is False
    assert answer["business_description"] == GROOMER["business_description"]
    assert len(answer["domains"]) == 3
    assert not any(map(domain_fault, answer["domains"]))
    assert 0 < answer["quality_score"] < 10


def test_suggestions_have_confidence_best_first_and_availability(server):
    answer = post(server, "/generate", GROOMER).json()
    confidences = [one["confidence"] for one in answer["suggestions"]]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 < value < 1 for value in confidences)
    for one in answer["suggestions"]:
        registered = "registered" if one["domain"][0] < "n" else "available"
        assert one["availability"] == ("unknown" if one["domain"].endswith(".co") else registered)


@pytest.mark.parametrize(("path", "names"), [("/generate-domains", "domains"), ("/generate", "suggestions")])
def test_an_unsafe_business_is_blocked_with_its_reason(server, path, names):
    response = post(server, path, UNSAFE)
    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] == "blocked"
    assert answer[names] == []
    assert answer["message"] == "Request contains inappropriate content"
    assert answer["reason"]


def test_options_are_kept(server):
    body = {**GROOMER, "count": 7, "tlds": [".org", "dog"], "max_length": 12, "allow_hyphens": False, "must_include": ["paw"]}
    names = post(server, "/generate-domains", body).json()["domains"]
    assert names
    for name in names:
        label, _, suffix = name.partition(".")
        assert suffix in {"org", "dog"}
        assert "paw" in label
        assert len(label) <= 12
        assert "-" not in label


def test_the_older_name_of_count_is_read(server):
    assert len(post(server, "/generate-domains", {**GROOMER, "num_domains": 5, "category": "pets"}).json()["domains"]) == 5


def test_a_seed_gives_other_names_and_the_same_again(server):
    first, again, other = (post(server, "/generate-domains", {**GROOMER, "seed": seed}).json()["domains"] for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "business_description: Field required"),
        ({"business_description": "  \n"}, "Invalid business description format: the description is empty"),
        ({"business_description": 7}, "business_description: Input should be a valid string"),
        ({**GROOMER, "count": 11}, "count"),
        ({**GROOMER, "tlds": ["nosuchsuffix"]}, "expected a public suffix such as com or co.uk"),
        ({**GROOMER, "colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_request_that_cannot_be_used_is_told_why(server, body, message):
    response = post(server, "/generate-domains", body)
    assert response.status_code == 422
    assert response.json() | {"message": ""} == {"domains": [], "status": "error", "message": ""}
    assert message in response.json()["message"]


def test_a_body_that_is_no_json_or_too_large_is_an_error_of_its_shape(server):
    assert httpx.post(server.url + "/generate", content=b"{", timeout=60).json()["status"] == "error"
    large = httpx.post(server.url + "/generate", content=b'{"business_description": "' + b"a" * 200_000 + b'"}', timeout=60)
    assert large.status_code == 413
    assert large.json()["suggestions"] == []


def test_pages_and_counters(server):
    assert "Names for a business" in httpx.get(server.url + "/").text
    assert httpx.get(server.url + "/health/live").json() == {"status": "ok"}
    assert httpx.get(server.url + "/api-info").json()["model"] == "template+guard"
    assert "cdn" not in httpx.get(server.url + "/docs").text
    post(server, "/generate", UNSAFE)
    counted = httpx.get(server.url + "/metrics").text
    assert 'domainbench_answers_total{outcome="blocked"}' in counted
    assert httpx.get(server.url + "/nowhere").json()["status"] == "error"


def test_many_at_once_are_all_answered(server):
    with ThreadPoolExecutor(50) as pool:
        codes = list(pool.map(lambda n: post(server, "/generate", {**GROOMER, "seed": n}).status_code, range(100)))
    assert codes == [200] * 100


def test_a_killed_model_falls_back_and_comes_back(server):
    [child] = server.children()
    os.kill(child, signal.SIGKILL)
    time.sleep(0.5)
    answer = post(server, "/generate", GROOMER).json()
    assert answer["fallback"] is True
    assert answer["model_used"] == "template"
    assert answer["suggestions"][0]["confidence"] is None
    assert post(server, "/generate", UNSAFE).json()["status"] == "blocked"
    wait_until_ready(server)
    assert post(server, "/generate", GROOMER).json()["fallback"] is False


def test_limits_key_and_a_graceful_end():
    with serving("--model", "template+guard", "--max-waiting", "2", key="s3cret") as server:
        headers = {"X-API-Key": "s3cret"}
        assert post(server, "/generate", GROOMER).status_code == 401
        assert post(server, "/generate", GROOMER, headers={"X-API-Key": "s3creT"}).status_code == 401
        with ThreadPoolExecutor(30) as pool:
            futures = [pool.submit(post, server, "/generate", {**GROOMER, "seed": n}, headers=headers) for n in range(30)]
            time.sleep(0.05)
            code = server.stop()
        answers = []
        for future in futures:
            try:
                answers.append(future.result())
            except httpx.ConnectError:  # it came after the service had stopped listening
                continue
        assert code in {0, -signal.SIGTERM}
        assert {answer.status_code for answer in answers} <= {200, 429, 503}
        for answer in answers:
            assert json.loads(answer.text)  # whole, not cut off
