package io.veloz.wal.fault;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import io.veloz.wal.storage.Storage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SortedMap;
import java.util.TreeMap;

/** Converts between records and texts. */
public final class Records {
    private Records() {}

    public static ByteBuffer payload(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    public static String text(WalReader reader) {
        return StandardCharsets.UTF_8.decode(reader.payload()).toString();
    }

    /** Returns all records of a log by sequence. */
    public static SortedMap<Long, String> of(ReadOptions options) {
        try (WalReader reader = WalReader.open(options)) {
            SortedMap<Long, String> records = new TreeMap<>();
            while (reader.next()) {
                if (records.put(reader.sequence(), text(reader)) != null) {
                    throw new AssertionError("record " + reader.sequence() + " came twice");
                }
            }
            return records;
        }
    }

    public static SortedMap<Long, String> of(Storage storage) {
        return of(ReadOptions.of(storage));
    }
}
