"""Reading figures: the artists with an id, and every word that is really drawn, with its place."""

import itertools

from matplotlib.collections import LineCollection
from matplotlib.text import Text


def drawn(figure, gid):
    """The artist with an id; error bars have that of their points."""
    (found,) = figure.findobj(lambda artist: artist.get_gid() == gid and not isinstance(artist, LineCollection))
    return found


def texts_drawn(figure, monkeypatch):
    """The texts that drawing a figure really draws, with their boxes in pixels."""
    seen = []
    draw = Text.draw

    def noted(self, renderer, *rest, **more):
        if self.get_visible() and self.get_text().strip():
            seen.append(self)
        return draw(self, renderer, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", noted)
        figure.canvas.draw()
    return [(text.get_text(), text.get_window_extent()) for text in seen]


def words_of(figure):
    """Every text of a figure."""
    return [text.get_text() for text in figure.findobj(Text)]


def check_words(figure, monkeypatch):
    """No word leaves the paper, none lies upon another; returns how many there are."""
    texts = texts_drawn(figure, monkeypatch)
    paper = figure.bbox
    outside = [
        words
        for words, box in texts
        if box.x0 < paper.x0 or box.y0 < paper.y0 or box.x1 > paper.x1 or box.y1 > paper.y1
    ]
    upon = [(a, b) for (a, one), (b, other) in itertools.combinations(texts, 2) if overlap_px(one, other) > 0.5]
    assert outside == []
    assert upon == []
    return len(texts)


def overlap_px(one, other):
    """By how much two boxes overlap in the direction in which they do least."""
    return min(min(one.x1, other.x1) - max(one.x0, other.x0), min(one.y1, other.y1) - max(one.y0, other.y0))
