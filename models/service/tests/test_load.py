import re

from models.service.load import main


def test_the_load_of_a_real_service_is_told(server, capsys):
    assert main(["--url", server.url, "--clients", "8", "--seconds", "1"]) == 0
    one, many = capsys.readouterr().out.splitlines()
    assert re.match(r"1 clients: \d+\.\d\d answers/s, p50 \d+\.\d\d s, p95 \d+\.\d\d s; \d+ x 200$", one)
    assert many.startswith("8 clients: ")
