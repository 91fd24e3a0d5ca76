"""Loss curves: the same log gives the same bytes, and another log another picture."""

from xml.etree import ElementTree

from training.curves import draw

LOG = [
    {"step": 5, "loss": 3.2, "learning_rate": 1e-4},
    {"step": 10, "loss": 2.1, "learning_rate": 5e-5},
    {"step": 10, "eval_loss": 2.4},
    {"step": 10, "train_runtime": 9.0},
]
ANSWERED = [*LOG[:2], {"step": 10, "eval_loss": 2.4, "eval_quality": 6.1, "eval_strict_parse": 0.9}]


def drawn(log, path):
    draw(log, "smollm2-v3", path)
    return path.read_bytes()


def test_the_same_log_is_the_same_picture_to_the_byte(tmp_path):
    first = drawn(LOG, tmp_path / "first.svg")
    assert drawn(LOG, tmp_path / "second.svg") == first
    assert ElementTree.fromstring(first).tag.endswith("svg")


def test_what_is_logged_is_what_is_drawn(tmp_path):
    logs = [LOG, ANSWERED, LOG[:2], [{**LOG[0], "loss": 3.3}, *LOG[1:]], [*LOG, {"step": 10, "epoch": 1}]]
    pictures = [drawn(log, tmp_path / f"{at}.svg") for at, log in enumerate(logs)]
    assert len(set(pictures)) == 4
    assert pictures[0] == pictures[4]  # what is no loss, rate or quality is not drawn
