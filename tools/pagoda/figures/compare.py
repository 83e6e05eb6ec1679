# SPDX-License-Identifier: MIT
"""Two sets of figures side by side: what got slower, what faster, by how much."""

import json

TOLERANCE = 0.03     # so much worse counts as slower: the limit of the test and of the exit status
WORTH_KEEPING = 0.1  # so much better is worth a new baseline


class FiguresError(Exception):
    """A file that holds no figures; a sentence."""


def text_of(data):
    """JSON with a line for each metric, so that a diff shows what changed."""
    parts = []
    for key in sorted(data):
        value = data[key]
        if isinstance(value, dict) and value and all(isinstance(inner, dict) for inner in value.values()):
            lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(value[name], sort_keys=True)}" for name in sorted(value))
            parts.append(f" {json.dumps(key)}: {{\n{lines}\n }}")
        else:
            parts.append(f" {json.dumps(key)}: {json.dumps(value, sort_keys=True)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def load_file(path):
    """A whole bench.json."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
    except OSError as error:
        raise FiguresError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise FiguresError(f"{path} is no JSON: {error}") from None
    metrics = data.get("metrics") if isinstance(data, dict) else None
    if not isinstance(metrics, dict) or not metrics:
        raise FiguresError(f"{path} holds no figures: there is no \"metrics\" in it, as `scons bench` writes it")
    for name, figure in metrics.items():
        median = figure.get("median") if isinstance(figure, dict) else None
        if isinstance(median, bool) or not isinstance(median, (int, float)) or median < 0:
            raise FiguresError(f"{path}: {name} has no median that is a number")
    return data


def load(path):
    """{metric: figure} of a bench.json."""
    return load_file(path)["metrics"]


class Change:
    """One metric before and now. worse: by which part it got worse; negative: better."""

    def __init__(self, name, before, now, more_is_better):
        self.name, self.before, self.now = name, before, now
        if before == now:
            self.worse = 0.0
        elif more_is_better:
            self.worse = before / now - 1 if now else float("inf")
        else:
            self.worse = now / before - 1 if before else float("inf")

    @property
    def slower(self):
        return self.worse > TOLERANCE

    def line(self, width):
        word = "the same" if self.worse == 0 else "worse" if self.worse > 0 else "better"
        sign = (self.now - self.before) / self.before if self.before else float("inf")
        return f"{self.name:<{width}} {self.before:>14,} {self.now:>14,} {sign:>+8.1%}  {word}{'  <--' if self.slower else ''}"


def changes(before, now, peers):
    """[Change] of the metrics that both have, worst first."""
    both = [Change(name, before[name]["median"], now[name]["median"], peers.more_is_better(name))
            for name in peers.sorted(now) if name in before]
    return sorted(both, key=lambda change: -change.worse)


def print_comparison(before, now, peers):
    """Returns whether something got slower."""
    both = changes(before, now, peers)
    width = max((len(change.name) for change in both), default=0)
    print(f"{'':<{width}} {'before':>14} {'now':>14} {'change':>8}")
    for change in both:
        if change.worse != 0:
            print(change.line(width))
    for text, names in (("only before", set(before) - set(now)), ("only now", set(now) - set(before))):
        if names:
            print(f"{text}: {', '.join(peers.sorted(names))}")
    slower = [change for change in both if change.slower]
    better = sum(1 for change in both if change.worse < 0)
    same = sum(1 for change in both if change.worse == 0)
    print(f"{len(both)} compared: {len(slower)} more than {TOLERANCE:.0%} worse, {len(both) - better - same - len(slower)} worse by less, "
          f"{better} better, {same} the same")
    return bool(slower)
