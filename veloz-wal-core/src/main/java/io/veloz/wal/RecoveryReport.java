package io.veloz.wal;

import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** The state of a log as it was found by an open, an inspection or a verification. Immutable. */
public final class RecoveryReport {
    private final String directory;
    private final String logId;
    private final List<SegmentReport> segments;
    private final long firstSequence;
    private final long lastSequence;
    private final long records;
    private final List<String> quarantined;
    private final long quarantinedBytes;
    private final List<LostRange> lost;
    private final long expectedFirstSequence;
    private final Duration took;

    private RecoveryReport(Builder builder) {
        this.directory = builder.directory;
        this.logId = builder.logId;
        this.segments = List.copyOf(builder.segments);
        this.firstSequence = builder.firstSequence;
        this.lastSequence = builder.lastSequence;
        this.records = builder.records;
        this.quarantined = List.copyOf(builder.quarantined);
        this.quarantinedBytes = builder.quarantinedBytes;
        this.lost = List.copyOf(builder.lost);
        this.expectedFirstSequence = builder.expectedFirstSequence;
        this.took = builder.took;
    }

    /** Returns a builder for the report about the log in a directory. */
    public static Builder builder(String directory) {
        return new Builder(directory);
    }

    /** Returns the directory of the log. */
    public String directory() {
        return directory;
    }

    /** Returns the id of the log, as 32 hex digits; empty if there is no segment. */
    public String logId() {
        return logId;
    }

    /** Returns the segments, in the order of their numbers. */
    public List<SegmentReport> segments() {
        return segments;
    }

    /** Returns the oldest record of the log; -1 if there is none. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the newest record of the log; 0 if there has never been one. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the number of records. */
    public long records() {
        return records;
    }

    /** Returns the names of the files with bytes that were cut off, now or earlier. */
    public List<String> quarantined() {
        return quarantined;
    }

    /** Returns how many bytes were cut off now, or would be cut off by an open. */
    public long quarantinedBytes() {
        return quarantinedBytes;
    }

    /** Returns the records that are known to be lost: by damage, or declared by an earlier salvage. */
    public List<LostRange> lost() {
        return lost;
    }

    /** Returns the record that the log must begin with: 1, or the first one that the last trim kept. */
    public long expectedFirstSequence() {
        return expectedFirstSequence;
    }

    /** Returns how long it took. */
    public Duration took() {
        return took;
    }

    /** Returns whether no acknowledged record is damaged or missing. */
    public boolean isSound() {
        return segments.stream().allMatch(SegmentReport::isGood);
    }

    /**
     * Returns whether the log ended with bytes that were never acknowledged, because the writer died while writing
     * them.
     */
    public boolean hasTornTail() {
        return segments.stream().anyMatch(segment -> segment.verdict() == SegmentReport.Verdict.TORN_TAIL);
    }

    /** Returns the values in one line, with the number of segments and only those segments that are not good. */
    @Override
    public String toString() {
        List<SegmentReport> bad =
                segments.stream().filter(segment -> !segment.isGood()).toList();
        return "RecoveryReport[directory=" + directory + ", logId=" + logId + ", sound=" + isSound() + ", tornTail="
                + hasTornTail() + ", firstSequence=" + firstSequence + ", lastSequence=" + lastSequence + ", records="
                + records + ", segments=" + segments.size() + ", badSegments=" + bad + ", quarantined=" + quarantined
                + ", quarantinedBytes=" + quarantinedBytes + ", lost=" + lost + ", expectedFirstSequence="
                + expectedFirstSequence + ", took=" + took + "]";
    }

    /** Collects the values of a report, for the recovery. It belongs to one thread. */
    public static final class Builder {
        private final String directory;
        private String logId = "";
        private List<SegmentReport> segments = List.of();
        private long firstSequence = -1;
        private long lastSequence;
        private long records;
        private List<String> quarantined = List.of();
        private long quarantinedBytes;
        private List<LostRange> lost = List.of();
        private long expectedFirstSequence = 1;
        private Duration took = Duration.ZERO;

        private Builder(String directory) {
            this.directory = Objects.requireNonNull(directory, "directory");
        }

        /** See {@link RecoveryReport#logId()}. */
        public Builder logId(String value) {
            logId = value;
            return this;
        }

        /** See {@link RecoveryReport#segments()}. */
        public Builder segments(List<SegmentReport> value) {
            segments = value;
            return this;
        }

        /** See {@link RecoveryReport#firstSequence()}. */
        public Builder firstSequence(long value) {
            firstSequence = value;
            return this;
        }

        /** See {@link RecoveryReport#lastSequence()}. */
        public Builder lastSequence(long value) {
            lastSequence = value;
            return this;
        }

        /** See {@link RecoveryReport#records()}. */
        public Builder records(long value) {
            records = value;
            return this;
        }

        /** See {@link RecoveryReport#quarantined()}. */
        public Builder quarantined(List<String> value) {
            quarantined = value;
            return this;
        }

        /** See {@link RecoveryReport#quarantinedBytes()}. */
        public Builder quarantinedBytes(long value) {
            quarantinedBytes = value;
            return this;
        }

        /** See {@link RecoveryReport#lost()}. */
        public Builder lost(List<LostRange> value) {
            lost = value;
            return this;
        }

        /** See {@link RecoveryReport#expectedFirstSequence()}. */
        public Builder expectedFirstSequence(long value) {
            expectedFirstSequence = value;
            return this;
        }

        /** See {@link RecoveryReport#took()}. */
        public Builder took(Duration value) {
            took = value;
            return this;
        }

        /** Returns a report with these values. */
        public RecoveryReport build() {
            return new RecoveryReport(this);
        }
    }
}
