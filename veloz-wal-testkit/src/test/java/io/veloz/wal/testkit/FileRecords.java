package io.veloz.wal.testkit;

import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** The records with valid checksums anywhere in some files, found without the library's own code. */
final class FileRecords {
    final Set<Seen> records = new HashSet<>();

    /** The highest durable sequence stated by any valid batch header. */
    long promised;

    FileRecords(Map<String, byte[]> files) {
        files.values().stream().filter(LogBytes::isSegment).forEach(this::add);
    }

    private void add(byte[] file) {
        long salt = LogBytes.salt(file);
        for (int at : LogBytes.batches(file)) {
            if (LogBytes.isHeaderValid(file, at)) {
                ByteBuffer view = LogBytes.view(file);
                promised = Math.max(promised, view.getLong(at + 16));
                long sequence = view.getLong(at + 8);
                for (int record : LogBytes.records(file, at)) {
                    if (LogBytes.recordCrc(file, record, salt, sequence) == view.getInt(record + 4)) {
                        records.add(seen(view, record, sequence));
                    }
                    sequence++;
                }
            }
        }
    }

    private static Seen seen(ByteBuffer view, int record, long sequence) {
        return new Seen(
                sequence,
                view.getShort(record + 16) & 0xFFFF,
                view.getLong(record + 8),
                (view.getShort(record + 18) & 1) != 0,
                Seen.text(view.duplicate()
                        .limit(record + LogBytes.RECORD_HEADER + view.getInt(record))
                        .position(record + LogBytes.RECORD_HEADER)));
    }
}
