from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crossrec.core.errors import InvalidInput, NotFound
from crossrec.data.dataset import Dataset

Write, Taken = Callable[..., Path], Callable[..., Dataset]

SEQUENCES = """\tseq_length\tsub_label\tsub_seqs
0\t3\t2\t[1, 1, 9]
1\t0\t1\t[]
2\t2\t1\t[1]
3\t1\t1\t[x]
4\t1\t1
5\t1\tnone\t[1]
"""
POSTS = '''\
subreddit,created_utc,score,num_comments,id,title
news,1,5,0,a,"Low, ""quoted"""
news,1,70,0,b,High
other,1,1,0,c,Else
news,1
'''


def test_sequences_of_communities_with_what_came_next(write: Write, taken: Taken) -> None:
    folder = write({"final_data.csv.gz": SEQUENCES, "vocab.txt": "Unseen-Sub\nnews\npics\n"})
    dataset = taken("reddit", folder)
    assert dataset.rows("x").select("user_id", "item_id", "split").collect().rows() == [
        ("0", "news", "train"),
        ("0", "news", "train"),
        ("0", "code:9", "train"),
        ("0", "pics", "test"),
        ("1", "news", "test"),
    ]
    wrong = "sequence and length do not fit"
    assert dataset.quarantine("x").drop("file").rows() == [
        (4, "sub_seqs", wrong, "[1]"),
        (5, "sub_seqs", wrong, "[x]"),
        (6, "", "expected 4 fields", "4\t1\t1"),
        (7, "sub_seqs", wrong, "[1]"),
    ]
    assert not dataset.record("x").pseudonyms
    assert [file.name for file in dataset.record("x").files] == ["final_data.csv.gz", "vocab.txt"]
    assert taken("reddit", folder / "final_data.csv.gz").record("x").items == 3


def test_top_posts_say_what_communities_are_about(write: Write, taken: Taken) -> None:
    dumps = write({"RC_1": '{"author":"a","subreddit":"news","link_id":"t3_1","created_utc":1430438400}\n'})
    posts = write({"posts.csv": POSTS}, "beside")
    dataset = taken("reddit", dumps, posts=str(posts))
    items = dataset.items("x").select("item_id", "text", "comments").rows()
    assert items == [("news", 'High\nLow, "quoted"', 1), ("other", "Else", None)]
    assert dataset.record("x").items_quarantined == {"expected 6 fields": 1}
    with pytest.raises(InvalidInput, match="leave item=thread out"):
        taken("reddit", dumps, posts=str(posts), item="thread")
    with pytest.raises(NotFound, match="reddit: option posts: expected"):
        taken("reddit", dumps, posts=str(dumps))
