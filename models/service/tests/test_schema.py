"""Requests made from the OpenAPI document (schemathesis): whatever is sent, the answer is one that the document allows."""

import os

import pytest

EXAMPLES = int(os.environ.get("DOMAINBENCH_FUZZ", "15"))  # a route and phase; `make fuzz` sends thousands


@pytest.fixture(scope="module")
def schema(server):
    import schemathesis

    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def test_every_answer_is_one_that_the_document_allows(schema):
    import hypothesis

    sent = 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @hypothesis.settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(case=operation.as_strategy())
        def check(case):
            nonlocal sent
            sent += 1
            response = case.call_and_validate()
            assert response.status_code < 500

        check()
    print(f"{sent} requests")
    assert sent >= EXAMPLES
