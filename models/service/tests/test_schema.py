"""Requests made from the OpenAPI document (schemathesis): whatever is sent, the answer is one that the document allows."""

import os

import pytest
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# Left out: that valid data is accepted. No schema says which texts are public suffixes, or that a text is not blank.
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
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
            response = case.call_and_validate(checks=CHECKS)
            assert response.status_code < 500

        check()
    print(f"{sent} requests")
    assert sent >= EXAMPLES
