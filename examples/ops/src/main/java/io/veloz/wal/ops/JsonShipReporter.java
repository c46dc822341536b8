package io.veloz.wal.ops;

import io.veloz.wal.WalFencedException;
import io.veloz.wal.WalShippingRefusedException;
import io.veloz.wal.archive.ShipperStatus;
import java.time.Instant;

/** Prints one JSON object per line to standard output and flushes each. Prints errors to standard error, too. */
final class JsonShipReporter implements ShipReporter {
    private final Streams streams;

    JsonShipReporter(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void event(ShipEvent event) {
        Json to = begin(event.name());
        if (!event.text().isEmpty()) {
            to.field("text", event.text());
        }
        end(to);
    }

    @Override
    public void status(ShipView view, boolean isDue) {
        if (isDue) {
            Json to = begin("status");
            write(to, view);
            end(to);
        }
    }

    @Override
    public void end(ShipView view, int exitCode) {
        ShipperStatus status = view.status();
        Json to = begin("ended");
        write(to, view);
        WalFencedException fenced = status.fenced();
        if (fenced != null) {
            to.name("fenced").object().field("writer", fenced.winner()).field("host", fenced.winnerHost());
            to.field("since", fenced.since().toString()).field("epoch", fenced.epoch());
            to.field("first_beyond_fork", fenced.firstBeyondFork());
            to.field("last_beyond_fork", fenced.lastBeyondFork()).endObject();
        }
        WalShippingRefusedException refused = status.refused();
        if (refused != null) {
            to.name("refused").object().field("reason", refused.reason().name());
            to.field("message", refused.getMessage()).endObject();
        }
        end(to.field("exit_code", exitCode));
        String problem = TextShipReporter.problem(status, exitCode);
        if (!problem.isEmpty()) {
            streams.error(problem);
        }
    }

    private Json begin(String event) {
        return new Json(streams.out())
                .object()
                .field("event", event)
                .field("at", Instant.now().toString());
    }

    private void end(Json to) {
        to.endObject();
        streams.out().character('\n');
        streams.out().flush();
    }

    private static void write(Json to, ShipView view) {
        ShipperStatus status = view.status();
        to.field("archive", status.archive()).field("state", status.state().name());
        to.field("epoch", status.epoch()).field("archived_sequence", status.archivedSequence());
        to.field("durable_sequence", view.durableSequence());
        to.field("lag_records", view.lagRecords());
        to.field("lag_ns", view.lag().toNanos()).field("spool_bytes", status.spoolBytes());
        ShipperStatus.Requests requests = status.requests();
        to.field("puts", requests.puts()).field("gets", requests.gets());
        to.field("lists", requests.lists()).field("deletes", requests.deletes());
        to.field("bytes_sent", status.bytesSent());
        to.field("errors", status.errors()).field("last_error", status.lastError());
    }
}
