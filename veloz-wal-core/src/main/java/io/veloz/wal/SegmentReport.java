package io.veloz.wal;

import io.veloz.wal.internal.EpochNanos;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** The state of one segment. Immutable. */
public final class SegmentReport {
    /** The verdict on a segment. */
    public enum Verdict {
        /** Complete and closed by its footer. */
        SEALED,
        /** The segment that is being written. All of its batches are good. */
        ACTIVE,
        /** Prepared for use. It has no record yet. */
        PREPARED,
        /** Ends with bytes of a torn write, which were never acknowledged. The next open moves them to quarantine. */
        TORN_TAIL,
        /**
         * Complete, but without a valid footer. Either the writer died between two segments, or the footer is damaged, in
         * which case {@link SegmentReport#detail} is not empty. The next open writes the footer.
         */
        UNSEALED,
        /** Acknowledged data in it is damaged. */
        CORRUPT,
        /** The segment must exist, but does not. */
        MISSING,
        /** The segment belongs to another log, or two files have the same segment. */
        FOREIGN,
        /** Written in a format that this version does not know. */
        UNKNOWN_VERSION
    }

    private final String file;
    private final long number;
    private final Verdict verdict;
    private final long firstSequence;
    private final long lastSequence;
    private final long records;
    private final long minTimestampNanos;
    private final long maxTimestampNanos;
    private final long dataBytes;
    private final long fileBytes;
    private final String detail;

    private SegmentReport(Builder builder) {
        this.file = builder.file;
        this.number = builder.number;
        this.verdict = builder.verdict;
        this.firstSequence = builder.firstSequence;
        this.lastSequence = builder.lastSequence;
        this.records = builder.records;
        this.minTimestampNanos = builder.minTimestampNanos;
        this.maxTimestampNanos = builder.maxTimestampNanos;
        this.dataBytes = builder.dataBytes;
        this.fileBytes = builder.fileBytes;
        this.detail = builder.detail;
    }

    /**
     * Returns a builder for the report about a file.
     *
     * @param number the number of the segment; -1 if it is unknown
     */
    public static Builder builder(String file, long number, Verdict verdict) {
        return new Builder(file, number, verdict);
    }

    /** Returns the name of the file in the directory. */
    public String file() {
        return file;
    }

    /** Returns the number of the segment: 1 for the first segment of a log; -1 if it is unknown. */
    public long number() {
        return number;
    }

    /** Returns the verdict on the segment. */
    public Verdict verdict() {
        return verdict;
    }

    /** Returns the sequence of the first record; -1 if there is none or it is unknown. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the sequence of the last record; -1 if there is none or it is unknown. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the number of records. */
    public long records() {
        return records;
    }

    /** Returns the earliest timestamp of any record, in nanoseconds since 1970; 0 if there is no record. */
    public long minTimestampNanos() {
        return minTimestampNanos;
    }

    /** Returns the earliest timestamp of any record; empty if there is no record. */
    public Optional<Instant> minTimestamp() {
        return time(minTimestampNanos);
    }

    /** Returns the latest timestamp of any record, in nanoseconds since 1970; 0 if there is no record. */
    public long maxTimestampNanos() {
        return maxTimestampNanos;
    }

    /** Returns the latest timestamp of any record; empty if there is no record. */
    public Optional<Instant> maxTimestamp() {
        return time(maxTimestampNanos);
    }

    /** Returns the number of bytes up to the end of the last good batch, including the header. */
    public long dataBytes() {
        return dataBytes;
    }

    /** Returns the length of the file. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Returns the values that were found and expected; empty if there is no finding. */
    public String detail() {
        return detail;
    }

    /** Returns whether a log with this segment can be opened. */
    public boolean isGood() {
        return switch (verdict) {
            case SEALED, ACTIVE, PREPARED, TORN_TAIL, UNSEALED -> true;
            case CORRUPT, MISSING, FOREIGN, UNKNOWN_VERSION -> false;
        };
    }

    private Optional<Instant> time(long nanos) {
        return records == 0 ? Optional.empty() : Optional.of(EpochNanos.toInstant(nanos));
    }

    @Override
    public String toString() {
        return "SegmentReport[file=" + file + ", number=" + number + ", verdict=" + verdict + ", firstSequence="
                + firstSequence + ", lastSequence=" + lastSequence + ", records=" + records + ", minTimestamp="
                + minTimestamp().map(Instant::toString).orElse("none") + ", maxTimestamp="
                + maxTimestamp().map(Instant::toString).orElse("none") + ", dataBytes=" + dataBytes + ", fileBytes="
                + fileBytes + ", detail=" + detail + "]";
    }

    /** Collects the values of a report, for the recovery and the writer. It belongs to one thread. */
    public static final class Builder {
        private final String file;
        private final long number;
        private final Verdict verdict;
        private long firstSequence = -1;
        private long lastSequence = -1;
        private long records;
        private long minTimestampNanos;
        private long maxTimestampNanos;
        private long dataBytes;
        private long fileBytes;
        private String detail = "";

        private Builder(String file, long number, Verdict verdict) {
            this.file = Objects.requireNonNull(file, "file");
            this.number = number;
            this.verdict = Objects.requireNonNull(verdict, "verdict");
        }

        /** Sets the range and the number of records. Without a call the segment has none. */
        public Builder records(long firstSequence, long lastSequence, long count) {
            this.firstSequence = firstSequence;
            this.lastSequence = lastSequence;
            this.records = count;
            return this;
        }

        /** Sets the earliest and the latest timestamp of any record, in nanoseconds since 1970. */
        public Builder timestampNanos(long min, long max) {
            this.minTimestampNanos = min;
            this.maxTimestampNanos = max;
            return this;
        }

        /** See {@link SegmentReport#dataBytes()} and {@link SegmentReport#fileBytes()}. */
        public Builder bytes(long data, long file) {
            this.dataBytes = data;
            this.fileBytes = file;
            return this;
        }

        /** See {@link SegmentReport#detail()}. */
        public Builder detail(String value) {
            this.detail = Objects.requireNonNull(value, "detail");
            return this;
        }

        /** Returns a report with these values. */
        public SegmentReport build() {
            return new SegmentReport(this);
        }
    }
}
