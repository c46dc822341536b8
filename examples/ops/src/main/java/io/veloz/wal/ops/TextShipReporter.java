package io.veloz.wal.ops;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus;
import java.time.Duration;
import java.util.Locale;

/** Prints the status on one line of a terminal, or at intervals if there is none, and a report at the end. */
final class TextShipReporter implements ShipReporter {
    private final Streams streams;
    private final TerminalLine line;

    TextShipReporter(Streams streams) {
        this.streams = streams;
        this.line = new TerminalLine(streams.err(), streams.columns());
    }

    @Override
    public void event(ShipEvent event) {
        line.clear();
        if (event.isWarning()) {
            streams.warning(event.text());
        }
    }

    @Override
    public void status(ShipView view, boolean isDue) {
        if (streams.showsProgress()) {
            line.show(line(view));
        } else if (isDue) {
            streams.err().println(line(view));
        }
    }

    static String line(ShipView view) {
        ShipperStatus status = view.status();
        return String.format(
                Locale.ROOT,
                "%s in epoch %d  archived up to %s  behind %s, %s  spool %s  %s PUTs  sent %s",
                status.state().name().toLowerCase(Locale.ROOT),
                status.epoch(),
                Units.count(status.archivedSequence()),
                Units.count(view.lagRecords(), "record"),
                seconds(view.lag()),
                Units.bytes(Math.max(0, status.spoolBytes())),
                Units.count(status.requests().puts()),
                Units.bytes(status.bytesSent()));
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1e3);
    }

    @Override
    public void end(ShipView view, int exitCode) {
        ShipperStatus status = view.status();
        line.clear();
        Output out = streams.out();
        out.line("archived    "
                + (status.epoch() == 0
                        ? "unknown: no epoch was acquired"
                        : "up to record " + Units.count(status.archivedSequence()) + ", in epoch " + status.epoch()));
        out.line("into        " + status.archive());
        if (status.epoch() > 0) {
            out.line("left        "
                    + (view.lagRecords() == 0
                            ? "nothing"
                            : Units.count(view.lagRecords(), "record") + "; the next start continues with them"));
        }
        ShipperStatus.Requests requests = status.requests();
        out.line("requests    " + Units.count(requests.puts(), "PUT") + ", " + Units.count(requests.gets(), "GET")
                + ", "
                + Units.count(requests.lists(), "LIST") + ", " + Units.count(requests.deletes(), "DELETE") + "; "
                + Units.bytes(status.bytesSent()) + " sent");
        out.flush();
        String problem = problem(status, exitCode);
        if (!problem.isEmpty()) {
            streams.error(problem);
        }
    }

    /** Returns why shipping ended, and the next step; empty if there was no problem. */
    static String problem(ShipperStatus status, int exitCode) {
        WalFencedException fenced = status.fenced();
        WalShippingRefusedException refused = status.refused();
        if (fenced != null) {
            return "fenced: " + fenced.getMessage() + "; to take the archive over again, start with --take-over "
                    + fenced.epoch();
        } else if (refused != null) {
            return "refused: " + refused.getMessage() + next(refused.reason());
        } else if (exitCode == ExitCode.UNREACHABLE) {
            return "gave up: no progress for too long"
                    + (status.lastError().isEmpty() ? "" : "; last error: " + status.lastError())
                    + "; run it again to continue";
        }
        return exitCode == ExitCode.FAILED ? "shipping ended unexpectedly: " + status.lastError() : "";
    }

    /** Returns the next step as a command of the tool; the message of the library refers to its API. */
    private static String next(WalShippingRefusedException.Reason reason) {
        return switch (reason) {
            case BEHIND -> "; `veloz-wal restore --merge URI DIR` restores the missing records";
            case DIVERGED -> "; `veloz-wal divergence DIR --against URI` shows these records and the next step";
            case TRIMMED_AHEAD -> "; with the tool: `ship --declare-gaps`";
            case SUPERSEDED, DAMAGED_FILE -> " with `ship --take-over EPOCH`";
            case BROKEN -> "; see `veloz-wal verify URI`";
            default -> "";
        };
    }
}
