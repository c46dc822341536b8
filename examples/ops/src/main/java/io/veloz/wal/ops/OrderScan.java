package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.orders.OrderCancel;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFill;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderRestored;
import io.veloz.wal.orders.OrderUpdate;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Finds all events of an order, by its client id or venue id, in the segments that can contain them. For one run. Not thread-safe.
 */
final class OrderScan {
    /** The memory for events is bounded. No order has so many. */
    private static final int MAX_EVENTS = 100_000;

    private static final int PROGRESS_INTERVAL_RECORDS = 4096;

    private final ReadOptions options;
    private final String id;
    private final long since;
    private final long until;
    private final RecordFormat format;
    private final Streams streams;
    private final RecoveryReport report;
    private final List<SegmentReport> candidates;
    private List<SegmentReport> segments;
    private final EventDecoder decoder = new EventDecoder();

    /** The formatted events by their sequence. */
    private final TreeMap<Long, byte[]> events = new TreeMap<>();

    /** The client ids of the order. Contains others than {@link #id} if that is the id of the venue. */
    private final Set<String> clientIds = new HashSet<>();

    /** The last record at which a further client id was found. */
    private long linkedAt;

    private long searched;
    private boolean hasLosses;

    OrderScan(ReadOptions options, String id, long since, long until, RecordFormat format, Streams streams) {
        this.options = options;
        this.id = id;
        this.since = since;
        this.until = until;
        this.format = format;
        this.streams = streams;
        this.report = WalRecovery.inspect(options);
        this.candidates = report.segments().stream().filter(this::canContain).toList();
        this.segments = candidates;
        clientIds.add(id);
    }

    private boolean canContain(SegmentReport segment) {
        if (segment.verdict() == Verdict.SEALED) {
            return segment.maxTimestampNanos() >= since && segment.minTimestampNanos() <= until;
        }
        // Its times may change, or are not known. Damage must be reported, not skipped.
        return segment.records() > 0 || !segment.isGood();
    }

    /** Returns the segments whose times are in the range. */
    List<SegmentReport> candidates() {
        return candidates;
    }

    /** Returns the segments that have to be read, of those. */
    List<SegmentReport> segments() {
        return segments;
    }

    int allSegments() {
        return report.segments().size();
    }

    long searchedRecords() {
        return searched;
    }

    boolean hasLosses() {
        return hasLosses;
    }

    /** Returns a note if the log does not begin with record 1; empty otherwise. */
    String beginning() {
        return report.expectedFirstSequence() > 1
                ? "; the log begins with record " + Units.count(report.expectedFirstSequence())
                : "";
    }

    /** Returns the formatted events in the order of the log. */
    List<byte[]> events() {
        return List.copyOf(events.values());
    }

    void run() {
        scan(Long.MAX_VALUE);
        for (long found = 0; linkedAt > found; ) {
            // The events before the one that states the id of the venue have only the id of the client.
            found = linkedAt;
            scan(found - 1);
        }
    }

    /**
     * Does the same, but reads only the segments that an index does not exclude.
     *
     * @param beforeReading called whenever the segments to read are known
     */
    void run(OrderIndex index, Runnable beforeReading) {
        Set<String> looked = new HashSet<>();
        while (looked.size() < clientIds.size()) {
            // A client id that was found in one segment may be in segments that were not read.
            for (String each : List.copyOf(clientIds)) {
                if (looked.add(each)) {
                    index.add(each);
                }
            }
            segments = index.chosen();
            beforeReading.run();
            scan(Long.MAX_VALUE);
        }
    }

    private void scan(long last) {
        long total = segments.stream().mapToLong(SegmentReport::records).sum();
        long done = 0;
        try (Progress progress = streams.progress("history", Progress.Unit.RECORDS)) {
            for (int i = 0; i < segments.size(); ) {
                int end = i + 1;
                while (end < segments.size()
                        && segments.get(end).number() == segments.get(end - 1).number() + 1) {
                    end++;
                }
                done = scan(segments.subList(i, end), last, progress, done, total);
                i = end;
            }
        }
    }

    /** Reads consecutive segments with one reader. */
    private long scan(List<SegmentReport> run, long last, Progress progress, long done, long total) {
        long from = run.get(0).firstSequence();
        SegmentReport end = run.get(run.size() - 1);
        boolean open = end.number() == report.segments().get(allSegments() - 1).number() || !end.isGood();
        long to = Math.min(last, open ? Long.MAX_VALUE : end.lastSequence());
        if (to < 1 || to < from) {
            return done;
        }
        ReadOptions range = (from < 1 ? options : options.fromSequence(from)).untilSequence(to);
        long read = done;
        try (WalReader reader = WalReader.open(range)) {
            while (reader.next()) {
                read(reader);
                if (++read % PROGRESS_INTERVAL_RECORDS == 0) {
                    progress.update(read, total);
                }
            }
            List<LostRange> lost = reader.lost();
            hasLosses |= !lost.isEmpty();
            lost.forEach(each -> streams.warning(each.toString()));
        }
        searched = Math.max(searched, read);
        return read;
    }

    private void read(WalReader record) {
        OrderEvent event = decoder.decodeOrNull(record.type(), record.payload());
        // Before the time is checked: an event outside of the range may state the client's id.
        if (event == null || !matches(event, record.sequence()) || events.containsKey(record.sequence())) {
            return;
        }
        long time = record.timestampNanos();
        if (time < since || time > until) {
            return;
        }
        if (events.size() == MAX_EVENTS) {
            throw new CommandFailure("more than " + Units.count(MAX_EVENTS) + " events of \"" + id
                    + "\"; limit the range with --since and --until");
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        Output out = new Output(line);
        format.write(record, out);
        out.flush();
        events.put(record.sequence(), line.toByteArray());
    }

    private boolean matches(OrderEvent event, long sequence) {
        @Nullable String client = clientId(event);
        if (client == null) {
            return false;
        }
        if (venueId(event).equals(id) && !client.isEmpty() && clientIds.add(client)) {
            linkedAt = Math.max(linkedAt, sequence);
        }
        return clientIds.contains(client) || venueId(event).equals(id);
    }

    private static @Nullable String clientId(OrderEvent event) {
        if (event instanceof OrderNew placed) {
            return placed.clientOrderId();
        } else if (event instanceof OrderUpdate update) {
            return update.clientOrderId();
        } else if (event instanceof OrderFill fill) {
            return fill.clientOrderId();
        } else if (event instanceof OrderCancel cancel) {
            return cancel.clientOrderId();
        }
        return event instanceof OrderRestored restored ? restored.state().clientOrderId() : null;
    }

    private static String venueId(OrderEvent event) {
        if (event instanceof OrderUpdate update) {
            return update.venueOrderId();
        }
        return event instanceof OrderRestored restored ? restored.state().venueOrderId() : "";
    }
}
