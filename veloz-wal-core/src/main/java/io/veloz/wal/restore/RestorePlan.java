package io.veloz.wal.restore;

import io.veloz.wal.LostRange;
import java.time.Instant;
import java.util.List;
import java.util.Objects;

/** The proven content of an archive, and the part of it that a restore fetches. Immutable. */
public final class RestorePlan {
    private final String archive;
    private final String logId;
    private final long firstSequence;
    private final long lastSequence;
    private final long archivedSequence;
    private final long epoch;
    private final String writerHost;
    private final Instant lastWritten;
    private final long slots;
    private final int segments;
    private final int tails;
    private final long checkpointSequence;
    private final long objectBytes;
    private final long fileBytes;
    private final long neededBytes;
    private final boolean newLog;
    private final int leftSegments;
    private final long leftFirstSequence;
    private final long leftObjectBytes;
    private final long leftFileBytes;
    private final List<LostRange> gaps;
    private final List<String> strays;

    private RestorePlan(Builder builder) {
        this.archive = builder.archive;
        this.logId = builder.logId;
        this.firstSequence = builder.firstSequence;
        this.lastSequence = builder.lastSequence;
        this.archivedSequence = builder.archivedSequence;
        this.epoch = builder.epoch;
        this.writerHost = builder.writerHost;
        this.lastWritten = builder.lastWritten;
        this.slots = builder.slots;
        this.segments = builder.segments;
        this.tails = builder.tails;
        this.checkpointSequence = builder.checkpointSequence;
        this.objectBytes = builder.objectBytes;
        this.fileBytes = builder.fileBytes;
        this.neededBytes = builder.neededBytes;
        this.newLog = builder.newLog;
        this.leftSegments = builder.leftSegments;
        this.leftFirstSequence = builder.leftFirstSequence;
        this.leftObjectBytes = builder.leftObjectBytes;
        this.leftFileBytes = builder.leftFileBytes;
        this.gaps = List.copyOf(builder.gaps);
        this.strays = List.copyOf(builder.strays);
    }

    /** Returns a builder for the plan of a restore from that archive. */
    public static Builder builder(String archive, String logId) {
        return new Builder(archive, logId);
    }

    /** Returns the URI of the archive. */
    public String archive() {
        return archive;
    }

    /** Returns the id of the archived log, as 32 hex digits. */
    public String logId() {
        return logId;
    }

    /** Returns the first record of the archive. */
    public long firstSequence() {
        return firstSequence;
    }

    /**
     * Returns the last record that the restore will restore, as far as it is known before the records are read; 0 if
     * there is none. For a restore up to a sequence it is that sequence, or a little more if an atomic group is cut.
     * For a restore up to a time it is an upper bound: the end of the segment that contains the time.
     */
    public long lastSequence() {
        return lastSequence;
    }

    /** Returns the last record of the archive. */
    public long archivedSequence() {
        return archivedSequence;
    }

    /** Returns the epoch of the last writer of the archive. */
    public long epoch() {
        return epoch;
    }

    /** Returns the host of that writer. */
    public String writerHost() {
        return writerHost;
    }

    /** Returns when that writer last wrote, by its own clock. */
    public Instant lastWritten() {
        return lastWritten;
    }

    /** Returns the number of slots that prove the archive complete. */
    public long slots() {
        return slots;
    }

    /** Returns the number of sealed segments to fetch. */
    public int segments() {
        return segments;
    }

    /** Returns the number of tails to fetch. */
    public int tails() {
        return tails;
    }

    /** Returns the sequence of the checkpoint that is restored with the log; 0 if there is none. */
    public long checkpointSequence() {
        return checkpointSequence;
    }

    /** Returns the number of bytes to read from the store, without tails. */
    public long objectBytes() {
        return objectBytes;
    }

    /** Returns the size of the files of the restored log. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Returns the disk space that the restore needs. */
    public long neededBytes() {
        return neededBytes;
    }

    /** Returns whether the result is a new log with its own id. */
    public boolean newLog() {
        return newLog;
    }

    /** Returns the records in the selected range that the archive does not have. */
    public List<LostRange> gaps() {
        return gaps;
    }

    /**
     * Returns the number of segments that a restore from a checkpoint leaves in the archive, and that can be filled in later; 0 if
     * everything is restored.
     */
    public int leftSegments() {
        return leftSegments;
    }

    /** Returns the first record in those segments; 0 if there are none. */
    public long leftFirstSequence() {
        return leftFirstSequence;
    }

    /** Returns the size of those segments in the store. */
    public long leftObjectBytes() {
        return leftObjectBytes;
    }

    /** Returns the size of those segments as files. */
    public long leftFileBytes() {
        return leftFileBytes;
    }

    /** Returns the slots that exist but do not count, as text for messages. They are harmless. */
    public List<String> strays() {
        return strays;
    }

    @Override
    public String toString() {
        return "RestorePlan[archive=" + archive + ", logId=" + logId + ", firstSequence=" + firstSequence
                + ", lastSequence=" + lastSequence + ", archivedSequence=" + archivedSequence + ", epoch=" + epoch
                + ", writerHost=" + writerHost + ", lastWritten=" + lastWritten + ", slots=" + slots + ", segments="
                + segments + ", tails=" + tails + ", checkpointSequence=" + checkpointSequence + ", objectBytes="
                + objectBytes + ", fileBytes=" + fileBytes + ", neededBytes=" + neededBytes + ", newLog=" + newLog
                + ", leftSegments=" + leftSegments + ", leftFirstSequence=" + leftFirstSequence + ", leftObjectBytes="
                + leftObjectBytes + ", leftFileBytes=" + leftFileBytes + ", gaps=" + gaps + ", strays=" + strays + "]";
    }

    /** Collects the values of a plan, for an archive. It belongs to one thread. */
    public static final class Builder {
        private final String archive;
        private final String logId;
        private long firstSequence;
        private long lastSequence;
        private long archivedSequence;
        private long epoch;
        private String writerHost = "";
        private Instant lastWritten = Instant.EPOCH;
        private long slots;
        private int segments;
        private int tails;
        private long checkpointSequence;
        private long objectBytes;
        private long fileBytes;
        private long neededBytes;
        private boolean newLog;
        private int leftSegments;
        private long leftFirstSequence;
        private long leftObjectBytes;
        private long leftFileBytes;
        private List<LostRange> gaps = List.of();
        private List<String> strays = List.of();

        private Builder(String archive, String logId) {
            this.archive = Objects.requireNonNull(archive, "archive");
            this.logId = Objects.requireNonNull(logId, "logId");
        }

        /** See {@link RestorePlan#firstSequence()}. */
        public Builder firstSequence(long value) {
            firstSequence = value;
            return this;
        }

        /** See {@link RestorePlan#lastSequence()}. */
        public Builder lastSequence(long value) {
            lastSequence = value;
            return this;
        }

        /** See {@link RestorePlan#archivedSequence()}. */
        public Builder archivedSequence(long value) {
            archivedSequence = value;
            return this;
        }

        /** See {@link RestorePlan#epoch()}. */
        public Builder epoch(long value) {
            epoch = value;
            return this;
        }

        /** See {@link RestorePlan#writerHost()}. */
        public Builder writerHost(String value) {
            writerHost = value;
            return this;
        }

        /** See {@link RestorePlan#lastWritten()}. */
        public Builder lastWritten(Instant value) {
            lastWritten = value;
            return this;
        }

        /** See {@link RestorePlan#slots()}. */
        public Builder slots(long value) {
            slots = value;
            return this;
        }

        /** See {@link RestorePlan#segments()}. */
        public Builder segments(int value) {
            segments = value;
            return this;
        }

        /** See {@link RestorePlan#tails()}. */
        public Builder tails(int value) {
            tails = value;
            return this;
        }

        /** See {@link RestorePlan#checkpointSequence()}. */
        public Builder checkpointSequence(long value) {
            checkpointSequence = value;
            return this;
        }

        /** See {@link RestorePlan#objectBytes()}. */
        public Builder objectBytes(long value) {
            objectBytes = value;
            return this;
        }

        /** See {@link RestorePlan#fileBytes()}. */
        public Builder fileBytes(long value) {
            fileBytes = value;
            return this;
        }

        /** See {@link RestorePlan#neededBytes()}. */
        public Builder neededBytes(long value) {
            neededBytes = value;
            return this;
        }

        /** See {@link RestorePlan#newLog()}. */
        public Builder newLog(boolean value) {
            newLog = value;
            return this;
        }

        /**
         * See {@link RestorePlan#leftSegments()}, {@link RestorePlan#leftFirstSequence()}, {@link RestorePlan#leftObjectBytes()} and
         * {@link RestorePlan#leftFileBytes()}.
         */
        public Builder left(int segments, long firstSequence, long objectBytes, long fileBytes) {
            leftSegments = segments;
            leftFirstSequence = firstSequence;
            leftObjectBytes = objectBytes;
            leftFileBytes = fileBytes;
            return this;
        }

        /** See {@link RestorePlan#gaps()}. */
        public Builder gaps(List<LostRange> value) {
            gaps = value;
            return this;
        }

        /** See {@link RestorePlan#strays()}. */
        public Builder strays(List<String> value) {
            strays = value;
            return this;
        }

        /** Returns a plan with these values. */
        public RestorePlan build() {
            return new RestorePlan(this);
        }
    }
}
