package io.veloz.wal.restore;

import io.veloz.wal.LostRange;
import io.veloz.wal.internal.EpochNanos;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/** The result of a restore. Immutable. */
public final class RestoreReport {
    /** How the log in the directory was made. */
    public enum Outcome {
        /** The whole archive, byte for byte. It is the same log, and may ship into the same archive. */
        RESTORED,
        /** The records up to a point, or all but the missing ones, in a new log. It cannot ship into the old archive. */
        COPIED,
        /** The log in the directory merged with the archive. It is the same log. */
        MERGED,
        /** The log in the directory had every record of the archive. Nothing was changed. */
        ALREADY_THERE
    }

    private final RestorePlan plan;
    private final Path directory;
    private final Outcome outcome;
    private final String logId;
    private final long firstSequence;
    private final long lastSequence;
    private final long lastTimestampNanos;
    private final long records;
    private final long bytes;
    private final long fetchedBytes;
    private final int reusedFiles;
    private final long localAhead;
    private final Optional<Path> keptDirectory;
    private final List<LostRange> lost;
    private final List<String> notes;
    private final Map<RestoreProgress.Stage, Duration> took;

    private RestoreReport(Builder builder) {
        this.plan = builder.plan;
        this.directory = builder.directory;
        this.outcome = builder.outcome;
        this.logId = builder.logId;
        this.firstSequence = builder.firstSequence;
        this.lastSequence = builder.lastSequence;
        this.lastTimestampNanos = builder.lastTimestampNanos;
        this.records = builder.records;
        this.bytes = builder.bytes;
        this.fetchedBytes = builder.fetchedBytes;
        this.reusedFiles = builder.reusedFiles;
        this.localAhead = builder.localAhead;
        this.keptDirectory = builder.keptDirectory;
        this.lost = List.copyOf(builder.lost);
        this.notes = List.copyOf(builder.notes);
        this.took = Collections.unmodifiableMap(new TreeMap<>(builder.took));
    }

    /** Returns a builder for the report of a restore. */
    public static Builder builder(RestorePlan plan, Path directory, Outcome outcome) {
        return new Builder(plan, directory, outcome);
    }

    /** Returns the content of the archive, and what was to be fetched. */
    public RestorePlan plan() {
        return plan;
    }

    /** Returns the directory of the restored log. */
    public Path directory() {
        return directory;
    }

    /** Returns how the log in the directory was made. */
    public Outcome outcome() {
        return outcome;
    }

    /** Returns the id of the log in the directory. It differs from the archive's if the result is a new log. */
    public String logId() {
        return logId;
    }

    /** Returns the oldest record of the log; -1 if there is none. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Returns the newest record of the log; 0 if there has never been one. */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the timestamp of the newest record, in nanoseconds since 1970; 0 if there is none. */
    public long lastTimestampNanos() {
        return lastTimestampNanos;
    }

    /** Returns the timestamp of the newest record; empty if there is none. */
    public Optional<Instant> lastTimestamp() {
        return records == 0 ? Optional.empty() : Optional.of(EpochNanos.toInstant(lastTimestampNanos));
    }

    /** Returns the number of records of the log. */
    public long records() {
        return records;
    }

    /** Returns the size of the segments of the log. */
    public long bytes() {
        return bytes;
    }

    /** Returns the number of bytes that were read from the store. */
    public long fetchedBytes() {
        return fetchedBytes;
    }

    /**
     * Returns the number of files that did not have to be fetched: left by an earlier attempt, or part of the log that
     * was in the directory.
     */
    public int reusedFiles() {
        return reusedFiles;
    }

    /** Returns how many records after the end of the archive the log in the directory had. All of them are kept. */
    public long localAhead() {
        return localAhead;
    }

    /** Returns the directory with the files of the log that was replaced; empty if none was. */
    public Optional<Path> keptDirectory() {
        return keptDirectory;
    }

    /** Returns the records that are known to be lost. */
    public List<LostRange> lost() {
        return lost;
    }

    /** Returns notes for the operator. */
    public List<String> notes() {
        return notes;
    }

    /** Returns the duration of each stage, in the order of the stages. */
    public Map<RestoreProgress.Stage, Duration> took() {
        return took;
    }

    @Override
    public String toString() {
        return "RestoreReport[directory=" + directory + ", outcome=" + outcome + ", logId=" + logId + ", firstSequence="
                + firstSequence + ", lastSequence=" + lastSequence + ", lastTimestamp="
                + lastTimestamp().map(Instant::toString).orElse("none") + ", records=" + records + ", bytes=" + bytes
                + ", fetchedBytes=" + fetchedBytes + ", reusedFiles=" + reusedFiles + ", localAhead=" + localAhead
                + ", keptDirectory=" + keptDirectory.map(Path::toString).orElse("none") + ", lost=" + lost + ", notes="
                + notes + ", took=" + took + ", plan=" + plan + "]";
    }

    /** Collects the values of a report, for an archive. It belongs to one thread. */
    public static final class Builder {
        private final RestorePlan plan;
        private final Path directory;
        private final Outcome outcome;
        private String logId = "";
        private long firstSequence = -1;
        private long lastSequence;
        private long lastTimestampNanos;
        private long records;
        private long bytes;
        private long fetchedBytes;
        private int reusedFiles;
        private long localAhead;
        private Optional<Path> keptDirectory = Optional.empty();
        private List<LostRange> lost = List.of();
        private List<String> notes = List.of();
        private Map<RestoreProgress.Stage, Duration> took = Map.of();

        private Builder(RestorePlan plan, Path directory, Outcome outcome) {
            this.plan = Objects.requireNonNull(plan, "plan");
            this.directory = Objects.requireNonNull(directory, "directory");
            this.outcome = Objects.requireNonNull(outcome, "outcome");
        }

        /** See {@link RestoreReport#logId()}. */
        public Builder logId(String value) {
            logId = value;
            return this;
        }

        /** See {@link RestoreReport#firstSequence()}. */
        public Builder firstSequence(long value) {
            firstSequence = value;
            return this;
        }

        /** See {@link RestoreReport#lastSequence()}. */
        public Builder lastSequence(long value) {
            lastSequence = value;
            return this;
        }

        /** See {@link RestoreReport#lastTimestampNanos()}. */
        public Builder lastTimestampNanos(long value) {
            lastTimestampNanos = value;
            return this;
        }

        /** See {@link RestoreReport#records()}. */
        public Builder records(long value) {
            records = value;
            return this;
        }

        /** See {@link RestoreReport#bytes()}. */
        public Builder bytes(long value) {
            bytes = value;
            return this;
        }

        /** See {@link RestoreReport#fetchedBytes()}. */
        public Builder fetchedBytes(long value) {
            fetchedBytes = value;
            return this;
        }

        /** See {@link RestoreReport#reusedFiles()}. */
        public Builder reusedFiles(int value) {
            reusedFiles = value;
            return this;
        }

        /** See {@link RestoreReport#localAhead()}. */
        public Builder localAhead(long value) {
            localAhead = value;
            return this;
        }

        /** See {@link RestoreReport#keptDirectory()}. */
        public Builder keptDirectory(Optional<Path> value) {
            keptDirectory = value;
            return this;
        }

        /** See {@link RestoreReport#lost()}. */
        public Builder lost(List<LostRange> value) {
            lost = value;
            return this;
        }

        /** See {@link RestoreReport#notes()}. */
        public Builder notes(List<String> value) {
            notes = value;
            return this;
        }

        /** See {@link RestoreReport#took()}. */
        public Builder took(Map<RestoreProgress.Stage, Duration> value) {
            took = value;
            return this;
        }

        /** Returns a report with these values. */
        public RestoreReport build() {
            return new RestoreReport(this);
        }
    }
}
