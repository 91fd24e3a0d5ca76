"""What the tests of `python -m models.generate` share: files in and out, and a model that answers from a dict."""

import json

from models import generate
from models.types import Completion, LoadFacts

CASES = [{"id": letter, "description": f"bakery {letter}"} for letter in "abcd"]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def run(folder, model="template"):
    files = ["--input", str(folder / "in.jsonl"), "--output", str(folder / "out.jsonl")]
    return generate.main(["--model", model, *files])


class Scripted:
    """Answers from a dict of descriptions and notes what it was asked."""

    facts = LoadFacts()

    def __init__(self, texts=()):
        self.texts, self.asked = dict(texts), []

    def generate(self, requests):
        for request in reversed(requests):  # generators finish in whatever order
            self.asked.append(request.description)
            text = self.texts.get(request.description, '["pawlane.co.uk", "tubhound.com"]')
            yield request.id, Completion(text, 19, 0.41239, "stop")
