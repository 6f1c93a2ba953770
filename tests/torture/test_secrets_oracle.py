"""The search for keys can fail: a canary is found wherever it leaked to, and however it is spelt there."""

import json
import sqlite3
from base64 import b64encode
from contextlib import closing
from urllib.parse import quote

import pytest

from tests.torture.secrets_oracle import judge_secrets, judge_words

KEY, SECRET = "PKCANARY0123456789AB", "canary/secret+with=signs and 'quotes'"
LEAKS = [
    "Authorization: {secret}",
    "Basic {basic}",
    "?key_id=1&secret={percent}",
    "requests.exceptions.InvalidHeader: {repr}",
    '{{"headers": {json}}}',
    "{hex}",
]


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("where", ["a file", "a name", "a row", "words"])
def test_a_key_that_leaked_is_found_wherever_and_however(tmp_path, leak, where):
    spelt = {
        "secret": SECRET,
        "basic": b64encode(f"{KEY}:{SECRET}".encode()).decode(),
        "percent": quote(SECRET, safe=""),
        "repr": repr([f"the header {SECRET} is refused"]),
        "json": json.dumps([SECRET]),
        "hex": SECRET.encode().hex(),
    }
    text = leak.format(**spelt)
    (tmp_path / "logs").mkdir()
    assert judge_secrets((KEY, SECRET), tmp_path) == []
    if where == "words":
        found = judge_words((SECRET,), "what it said", f"error: {text}")
    elif where == "a row":
        with closing(sqlite3.connect(tmp_path / "sentinel.db")) as ledger:
            ledger.execute("CREATE TABLE findings (message TEXT)")
            ledger.execute("INSERT INTO findings VALUES (?)", ("x" * 4060 + text,))
            ledger.commit()
        found = judge_secrets((SECRET,), tmp_path)
    elif where == "a name":
        (tmp_path / "logs" / f"{KEY}.txt").touch()
        found = judge_secrets((KEY,), tmp_path)
    else:
        (tmp_path / "logs" / "run.jsonl").write_text(text, "utf-8")
        found = judge_secrets((SECRET,), tmp_path)
        assert judge_secrets((SECRET,), tmp_path, without=["run.jsonl"]) == []
    assert {str(leaked)[:3] for leaked in found} == {"I12"}
