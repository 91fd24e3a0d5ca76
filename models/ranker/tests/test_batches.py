from models.ranker.batches import BATCH, STEP, batches


def test_every_batch_has_one_shape_and_every_place_comes_once():
    tokens = [[1] * (1 + place % 19) for place in range(100)] + [[]]
    seen = []
    for places, ids, mask in batches(tokens):
        assert ids.shape == mask.shape == (BATCH, ids.shape[1])
        assert ids.shape[1] % STEP == 0
        assert mask[: len(places)].sum(1).tolist() == [len(tokens[place]) for place in places]
        seen += places
    assert sorted(seen) == list(range(101))


def test_a_short_batch_is_filled_with_its_first_row():
    [(places, ids, mask)] = batches([[5, 6, 7], [8]])
    assert places == [0, 1]
    assert ids[0].tolist() == [5, 6, 7, 0, 0, 0, 0, 0]
    assert ids[1].tolist() == [8, 0, 0, 0, 0, 0, 0, 0]
    assert (ids[2:] == ids[0]).all()
    assert mask.sum().item() == 3 * (BATCH - 1) + 1
