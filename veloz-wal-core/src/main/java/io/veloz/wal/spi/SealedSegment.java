package io.veloz.wal.spi;

import io.veloz.wal.internal.EpochNanos;
import io.veloz.wal.internal.format.Footer;
import java.time.Instant;
import java.util.Optional;

/** The footer of a sealed segment. The file never changes again. Immutable. */
public final class SealedSegment {
    private final String file;
    private final Footer footer;
    private final long fileBytes;

    SealedSegment(String file, Footer footer, long fileBytes) {
        this.file = file;
        this.footer = footer.withoutIndex();
        this.fileBytes = fileBytes;
    }

    /** Returns the name of the file in the directory. */
    public String file() {
        return file;
    }

    /** Returns the number of the segment: 1 for the first segment of a log. */
    public long number() {
        return footer.number();
    }

    /** Returns the sequence of the first record. */
    public long firstSequence() {
        return footer.firstSequence();
    }

    /** Returns the sequence of the last record. */
    public long lastSequence() {
        return footer.lastSequence();
    }

    /** Returns the number of records. */
    public long records() {
        return footer.recordCount();
    }

    /** Returns the earliest timestamp of any record, in nanoseconds since 1970. */
    public long minTimestampNanos() {
        return footer.minTimestampNanos();
    }

    /** Returns the earliest timestamp of any record. */
    public Instant minTimestamp() {
        return EpochNanos.toInstant(minTimestampNanos());
    }

    /** Returns the latest timestamp of any record, in nanoseconds since 1970. */
    public long maxTimestampNanos() {
        return footer.maxTimestampNanos();
    }

    /** Returns the latest timestamp of any record. */
    public Instant maxTimestamp() {
        return EpochNanos.toInstant(maxTimestampNanos());
    }

    /** Returns the number of bytes before the footer. */
    public long dataBytes() {
        return footer.dataEnd();
    }

    /** Returns the length of the file. */
    public long fileBytes() {
        return fileBytes;
    }

    /** Returns the SHA-256 of the bytes before the footer, as 64 hex digits; empty if the footer does not state it. */
    public Optional<String> dataSha256() {
        return footer.statesDataSha256() ? Optional.of(footer.dataSha256().toString()) : Optional.empty();
    }

    @Override
    public String toString() {
        return "SealedSegment[file=" + file + ", number=" + number() + ", firstSequence=" + firstSequence()
                + ", lastSequence=" + lastSequence() + ", records=" + records() + ", minTimestamp=" + minTimestamp()
                + ", maxTimestamp=" + maxTimestamp() + ", dataBytes=" + dataBytes() + ", fileBytes=" + fileBytes
                + ", dataSha256=" + dataSha256().orElse("not stated") + "]";
    }
}
