package io.veloz.wal.archive.internal.ship;

import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Part;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.spi.SealedSegment;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** Puts files of the log into the store, each as one object. It counts only when a slot commits it. Without state. */
final class Upload {
    private static final int BUFFER_BYTES = 64 * 1024;

    private Upload() {}

    /** A sealed segment. What is sent is held against its footer on the way. */
    static Part segment(LocalLog log, ObjectStore store, SealedSegment segment, long epoch, Pace pace)
            throws IOException {
        FileObject object = FileObject.read(log.files(), segment.file(), segment.dataBytes(), pace);
        if (object.fileBytes() != segment.fileBytes() || !object.dataSha256().equals(segment.dataSha256())) {
            throw new IOException(log.describe() + "/" + segment.file() + ": " + object.fileBytes()
                    + " bytes, data with SHA-256 "
                    + object.dataSha256() + "; the footer says " + segment.fileBytes() + " and " + segment.dataSha256()
                    + ": the file is damaged and is not archived");
        }
        String key = ArchiveKeys.segment(log.files().prefix(), segment.number(), epoch);
        put(store, key, object);
        return new Segment(
                segment.number(),
                key,
                object.length(),
                object.sha256(),
                object.fileBytes(),
                object.fileSha256(),
                segment.dataBytes(),
                segment.firstSequence(),
                segment.lastSequence(),
                segment.records(),
                segment.minTimestampNanos(),
                segment.maxTimestampNanos());
    }

    static Part checkpoint(LocalLog log, ObjectStore store, WalCheckpoint checkpoint, long epoch, Pace pace)
            throws IOException {
        FileObject object = FileObject.read(log.files(), checkpoint.file(), 0, pace);
        if (!log.has(checkpoint)) {
            throw new IOException(log.describe() + "/" + checkpoint.file() + " was replaced by a newer checkpoint");
        }
        String key = ArchiveKeys.checkpoint(checkpoint.sequence(), epoch);
        put(store, key, object);
        return new Attachment(
                "checkpoint",
                checkpoint.sequence(),
                key,
                object.length(),
                object.sha256(),
                object.fileBytes(),
                object.fileSha256());
    }

    /** An object of that key can only be of this term: an earlier try whose answer was lost. It is read back all the same. */
    private static void put(ObjectStore store, String key, FileObject object) throws IOException {
        if (store.putIfAbsent(key, object)) {
            return;
        }
        MessageDigest digest = Digest.sha256();
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = store.get(key)) {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                digest.update(buffer, 0, count);
            }
        }
        String there = Digest.hex(digest);
        if (!there.equals(object.sha256())) {
            throw new StoreException(
                    store.describe() + "/" + key + ": an object with SHA-256 " + there + "; expected "
                            + object.sha256(),
                    null);
        }
    }
}
