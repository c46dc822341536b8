package io.veloz.wal.archive;

import io.veloz.wal.archive.internal.crypt.DecryptingStream;
import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.Lz4Frames;
import io.veloz.wal.archive.internal.format.ObjectHead;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The objects of segments that exist, whether slots name them or not. An instance is confined to one thread. */
final class FoundObjects {
    /** The maximum compression ratio of an LZ4 frame. */
    private static final long MAX_COMPRESSION = 256;

    private final ObjectStore store;
    private final ShipLog log;

    /** The keys of the files by the numbers of their segments. */
    private final TreeMap<Long, Set<String>> files = new TreeMap<>();

    /** The objects of each file by its key. */
    private final Map<String, TreeSet<String>> objects = new HashMap<>();

    private final Map<String, Long> sizes = new HashMap<>();

    FoundObjects(ObjectStore store, ShipLog log) {
        this.store = store;
        this.log = log;
    }

    void add(SegmentKey key, StoredObject object) {
        sizes.put(object.key(), object.bytes());
        files.computeIfAbsent(key.number(), any -> new TreeSet<>()).add(key.whole());
        objects.computeIfAbsent(key.whole(), any -> new TreeSet<>()).add(object.key());
    }

    Set<Long> numbers() {
        return files.keySet();
    }

    /** Returns the keys of the files that are found of a segment. Each is one object, or all or some of its parts. */
    Set<String> files(long number) {
        return files.getOrDefault(number, Set.of());
    }

    /** Returns which parts of a file are missing; empty if none is. An upload that was cut leaves such files. */
    Optional<String> incomplete(String file) {
        List<String> keys = keys(file);
        int parts = keys.isEmpty()
                ? 0
                : ArchiveKeys.segmentKey(keys.get(keys.size() - 1))
                        .map(SegmentKey::parts)
                        .orElse(0);
        for (int number = 1; number <= parts; number++) {
            if (keys.size() != parts || !keys.get(number - 1).equals(ArchiveKeys.part(file, number, parts))) {
                return Optional.of(log.where(file) + ": " + keys.size() + " of its " + parts + " parts exist");
            }
        }
        return Optional.empty();
    }

    /** Returns a file that is complete. */
    InputStream open(String file) {
        return new Joined(keys(file).iterator());
    }

    private List<String> keys(String file) {
        return new ArrayList<>(objects.getOrDefault(file, new TreeSet<>()));
    }

    private InputStream content(String key) throws IOException {
        long bytes = sizes.getOrDefault(key, 0L);
        InputStream object = store.get(key);
        try {
            return Lz4Frames.decompress(clear(key, object, bytes), MAX_COMPRESSION * (1 + bytes));
        } catch (IOException | RuntimeException e) {
            object.close();
            throw e;
        }
    }

    /** Returns an object in the clear. The head of an encrypted one replaces its slot. */
    private InputStream clear(String key, InputStream object, long bytes) throws IOException {
        String where = log.where(key);
        ObjectHead.Found head = ObjectHead.read(where, key, object);
        Encryption encryption = head.encryption();
        if (encryption == null) {
            return new SequenceInputStream(new ByteArrayInputStream(head.read()), object);
        }
        long left = Math.max(0, bytes - head.read().length);
        return new DecryptingStream(object, left, log.keys().open(encryption, where), head.read());
    }

    /** The contents of objects, one after another. */
    private final class Joined extends InputStream {
        private final Iterator<String> keys;
        private InputStream current = InputStream.nullInputStream();

        Joined(Iterator<String> keys) {
            this.keys = keys;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int got = current.read(target, from, length);
            while (got < 0 && keys.hasNext()) {
                current.close();
                current = content(keys.next());
                got = current.read(target, from, length);
            }
            return got;
        }

        @Override
        public void close() throws IOException {
            current.close();
        }
    }
}
