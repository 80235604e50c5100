"""Reading figures: artists by their id, and all text that is drawn, with its box."""

import itertools

from matplotlib.collections import LineCollection
from matplotlib.text import Text


def drawn(figure, gid):
    """The artist with an id; of error bars their points."""
    (artist,) = figure.findobj(lambda artist: artist.get_gid() == gid and not isinstance(artist, LineCollection))
    return artist


def texts_drawn(figure, monkeypatch):
    """The texts that are drawn with a figure, with their boxes in pixels."""
    texts = []
    draw = Text.draw

    def recorded(self, renderer, *rest, **more):
        if self.get_visible() and self.get_text().strip():
            texts.append(self)
        return draw(self, renderer, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Text, "draw", recorded)
        figure.canvas.draw()
    return [(text.get_text(), text.get_window_extent()) for text in texts]


def words_of(figure):
    """Every text of a figure."""
    return [text.get_text() for text in figure.findobj(Text)]


def check_words(figure, monkeypatch):
    """Check that no text leaves the paper or overlaps another; return the number of texts."""
    texts = texts_drawn(figure, monkeypatch)
    paper = figure.bbox
    outside = [
        words
        for words, box in texts
        if box.x0 < paper.x0 or box.y0 < paper.y0 or box.x1 > paper.x1 or box.y1 > paper.y1
    ]
    pairs = itertools.combinations(texts, 2)
    overlapping = [(a, b) for (a, box_a), (b, box_b) in pairs if overlap_px(box_a, box_b) > 0.5]
    assert outside == []
    assert overlapping == []
    return len(texts)


def overlap_px(a, b):
    """Overlap of two boxes in the direction in which it is smaller."""
    return min(min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0))
