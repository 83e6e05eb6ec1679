# SPDX-License-Identifier: MIT
"""tools/peers.json: what the peers reach and what we aim at, by metric. A value may be a pair, a base and a cost per page."""

import json
import os

PATH = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "peers.json")


class Peers:
    """The rows, and questions about the metrics that belong to them."""

    def __init__(self):
        with open(PATH, encoding="utf-8") as file:
            data = json.load(file)
        self.rows, self.names, self.rtos = data["rows"], data["peers"], data["rtos_peers"]
        self.order = {name: i for i, name in enumerate(self.rows)}

    def row_name(self, metric):
        """(name of the row, N or None): fork.call.256 is in row fork.call.N. The name is the metric's if there is no row."""
        stem, _, last = metric.rpartition(".")
        if metric not in self.rows and last.isdigit() and stem + ".N" in self.rows:
            return stem + ".N", int(last)
        return metric, None

    def row(self, metric):
        return self.rows.get(self.row_name(metric)[0], {})

    def value(self, metric, column):
        """What a peer (or "aim") has for a metric, or None."""
        value, n = self.row(metric).get(column), self.row_name(metric)[1]
        return round(value[0] + value[1] * (n or 0)) if isinstance(value, list) else value

    def columns(self, metric):
        return self.rtos if metric.startswith("rtos.") else self.names

    def best(self, metric):
        """The best peer's value, or None."""
        known = [value for peer in self.columns(metric) if (value := self.value(metric, peer))]
        return min(known) if known and not self.more_is_better(metric) else max(known, default=None)

    def more_is_better(self, metric):
        return self.row(metric).get("better") == "more"

    def sorted(self, metrics):
        """In the order of the rows; those without one behind them."""
        def key(metric):
            row, n = self.row_name(metric)
            return self.order.get(row, len(self.order)), n or 0, metric
        return sorted(metrics, key=key)

    def over_aim(self, metric, value):
        """By which part an aim is missed: 0.1 is ten percent; 0 or less: met. None: no aim."""
        aim = self.value(metric, "aim")
        if aim is None:
            return None
        return aim / value - 1 if self.more_is_better(metric) else value / aim - 1

    def unmeasured(self, metrics):
        """Rows of which nothing was measured."""
        return [row for row in self.rows if row not in {self.row_name(metric)[0] for metric in metrics}]

    def missed(self, metrics, later=False):
        """{row: (worst metric of it, over)} of the aims missed that count now, or of those that are for later, worst first."""
        found = {}
        for metric, figure in metrics.items():
            over, row = self.over_aim(metric, figure["median"]), self.row_name(metric)[0]
            if over is not None and over > 0 and over > found.get(row, ("", 0))[1] and bool(self.row(metric).get("later")) == later:
                found[row] = (metric, over)
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))
