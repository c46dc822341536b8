package io.veloz.wal.backup;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Attachment.Chunk;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.profile.RetentionSettings;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Puts recovery points and small chunks into a store, in the order in which a backup does. */
final class TestArchive {
    static final String LOG = "6c".repeat(16);
    static final RetentionSettings SETTINGS =
            new RetentionSettings(Duration.ofDays(30), 7, 12, Duration.ofDays(7), Optional.empty());

    final ObjectStore store;
    private int ids;

    TestArchive(ObjectStore store) {
        this.store = store;
    }

    /** Two archives over one store must not give the same ids. */
    TestArchive withIdsFrom(int first) {
        ids = first;
        return this;
    }

    /** Stores an attachment of a number of chunks that no point names yet. */
    Attachment attachment(Kind kind, int chunkCount, Instant taken) throws IOException {
        Attachment attachment = described(kind, chunkCount, taken);
        for (int i = 0; i < chunkCount; i++) {
            putChunk(attachment, i);
        }
        return attachment;
    }

    Attachment described(Kind kind, int chunkCount, Instant taken) {
        String id = String.format(Locale.ROOT, "%032x", ++ids);
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < chunkCount; i++) {
            byte[] bytes = content(id, i);
            chunks.add(new Chunk(bytes.length, Digests.of(bytes)));
        }
        Attachment.Builder builder = Attachment.builder(kind, id).taken(taken).chunks(chunks);
        if (kind == Kind.DATABASE) {
            builder.database(DatabaseFacts.builder("veloz").build());
        }
        return builder.build();
    }

    private static byte[] content(String id, int index) {
        return (id.substring(24) + "-" + index).getBytes(StandardCharsets.US_ASCII);
    }

    void putChunk(Attachment attachment, int index) throws IOException {
        store.putIfAbsent(attachment.chunkKey(index), ObjectContent.of(content(attachment.id(), index)));
    }

    /** Puts a point with these attachments, and those of the newest point for other kinds. */
    RecoveryPoint point(Instant made, Attachment... attachments) throws IOException {
        PointChain chain = new PointChain(store);
        while (true) {
            Optional<PointChain.Stored> newest;
            try {
                newest = chain.read(chain.newest());
            } catch (BadPointException e) {
                throw new IOException(e);
            }
            Map<Kind, Attachment> all = new EnumMap<>(Kind.class);
            newest.ifPresent(before -> before.point().attachments().forEach(old -> all.put(old.kind(), old)));
            for (Attachment attachment : attachments) {
                all.put(attachment.kind(), attachment);
            }
            RecoveryPoint point = RecoveryPoint.of(
                    newest.map(before -> before.point().number()).orElse(0L) + 1,
                    LOG,
                    newest.map(PointChain.Stored::sha256).orElse(PointChain.NO_POINT),
                    made,
                    "db1",
                    new RecoveryPoint.Tip(1, "0".repeat(64), 1),
                    List.copyOf(all.values()));
            if (chain.put(point)) {
                return point;
            }
        }
    }

    /** Stores one attachment of secrets with two chunks, and a point that names it. */
    RecoveryPoint backup(Instant now) throws IOException {
        return point(now, attachment(Kind.SECRETS, 2, now));
    }

    void receipt(long point, String result) throws IOException {
        String json = "{\"point\":" + point + ",\"result\":\"" + result + "\",\"steps\":[{\"name\":\"log\",\"ok\":true}]}";
        receiptText(point, json);
    }

    void receiptText(long point, String text) throws IOException {
        store.putIfAbsent(
                String.format(Locale.ROOT, "receipts/%020d_20261128T021500Z_%08x", point, ++ids),
                ObjectContent.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    static List<String> keys(RecoveryPoint point) {
        List<String> keys = new ArrayList<>();
        for (Attachment attachment : point.attachments()) {
            for (int i = 0; i < attachment.chunks().size(); i++) {
                keys.add(attachment.chunkKey(i));
            }
        }
        return keys;
    }
}
