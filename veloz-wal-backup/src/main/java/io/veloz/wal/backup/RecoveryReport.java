package io.veloz.wal.backup;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a recovery put in place. Immutable. */
public final class RecoveryReport {
    private final long point;
    private final List<String> changes;
    private final List<String> gates;
    private final List<String> findings;
    private final Map<String, Duration> took;
    private final long lastSequence;
    private final Optional<Instant> lastRecord;
    private final boolean started;
    private final boolean live;

    RecoveryReport(Builder builder) {
        this.point = builder.point;
        this.changes = List.copyOf(builder.changes);
        this.gates = List.copyOf(builder.gates);
        this.findings = List.copyOf(builder.findings);
        this.took = new LinkedHashMap<>(builder.took);
        this.lastSequence = builder.lastSequence;
        this.lastRecord = builder.lastRecord;
        this.started = builder.started;
        this.live = builder.live;
    }

    /** Returns the number of the recovery point. */
    public long point() {
        return point;
    }

    /** Returns the steps of the switch, in order. What was in place before is kept until {@link Recovery#cleanUp}. */
    public List<String> changes() {
        return changes;
    }

    /** Returns the conditions that were checked, and what was found. */
    public List<String> gates() {
        return gates;
    }

    /** Returns what a person should correct. */
    public List<String> findings() {
        return findings;
    }

    /** Returns the time that each step took, in order. */
    public Map<String, Duration> took() {
        return new LinkedHashMap<>(took);
    }

    /** Returns the sum of the steps: the recovery time of this run (RTO). */
    public Duration total() {
        return took.values().stream().reduce(Duration.ZERO, Duration::plus);
    }

    /** Returns the last record of the log; 0 if the log was not restored or is empty. */
    public long lastSequence() {
        return lastSequence;
    }

    /**
     * Returns the time of the last record of the log. What the venue did between it and now has to be reconciled before the
     * engine accepts orders.
     */
    public Optional<Instant> lastRecord() {
        return lastRecord;
    }

    /** Returns whether the engine was started and its state compared. */
    public boolean started() {
        return started;
    }

    /** Returns whether the engine accepts orders. */
    public boolean live() {
        return live;
    }

    @Override
    public String toString() {
        return "RecoveryReport[point=" + point + ", changes=" + changes.size() + ", lastSequence=" + lastSequence
                + ", started=" + started + ", live=" + live + ", took=" + total() + ", findings=" + findings + "]";
    }

    static final class Builder {
        private final long point;
        private final Map<String, Duration> took = new LinkedHashMap<>();
        private final List<String> changes = new java.util.ArrayList<>();
        private final List<String> gates = new java.util.ArrayList<>();
        private final List<String> findings = new java.util.ArrayList<>();
        private long lastSequence;
        private Optional<Instant> lastRecord = Optional.empty();
        private boolean started;
        private boolean live;

        Builder(long point) {
            this.point = point;
        }

        void took(String step, Duration duration) {
            took.merge(step, duration, Duration::plus);
        }

        void change(String change) {
            changes.add(change);
        }

        void gate(String gate) {
            gates.add(gate);
        }

        void findings(List<String> values) {
            findings.addAll(values);
        }

        void log(long sequence, Optional<Instant> time) {
            lastSequence = sequence;
            lastRecord = time;
        }

        void started() {
            started = true;
        }

        void live() {
            live = true;
        }

        RecoveryReport build() {
            return new RecoveryReport(this);
        }
    }
}
