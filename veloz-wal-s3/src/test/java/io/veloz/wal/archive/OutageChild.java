package io.veloz.wal.archive;

import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.archive.internal.ship.LocalLog;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.archive.store.StoreException;
import io.veloz.wal.archive.store.StoreUnavailableException;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** A process that writes more than its heap during an outage of a simulated day, ships it afterwards, and prints the number of records. */
final class OutageChild {
    static final int RECORDS = 67_200;
    private static final int PAYLOAD_BYTES = 1000;
    private static final Duration OUTAGE = Duration.ofDays(1);
    private static final int APPENDS = 96;

    private OutageChild() {}

    public static void main(String[] args) throws IOException {
        Path dir = Path.of(args[0]);
        WalConfig log = WalConfig.builder(dir.resolve("log"))
                .segmentBytes(1024 * 1024)
                .maxBatchBytes(64 * 1024)
                .bufferBytes(1024 * 1024)
                .durability(Durability.LOSE_UNFORCED)
                .build();
        long archived;
        Path archive = Files.createDirectories(dir.resolve("archive"));
        try (ObjectStore directory = ObjectStores.open(archive.toUri().toString());
                Wal wal = Wal.open(log)) {
            boolean[] isAway = {false};
            ObjectStore store = new Switched(directory, isAway);
            ShipperConfig.Builder config = ShipperConfig.builder(store).maxTailBytes(256 * 1024);
            ShipRig rig = new ShipRig(config, LocalLog.of(wal), store);
            Random random = new Random(1);
            rig.at(Duration.ofMinutes(1), () -> isAway[0] = true);
            for (int i = 0; i < APPENDS; i++) {
                rig.at(
                        Duration.ofMinutes(2).plus(OUTAGE.multipliedBy(i).dividedBy(APPENDS)),
                        () -> append(wal, random));
            }
            rig.at(OUTAGE.plusMinutes(5), () -> isAway[0] = false);
            rig.run(OUTAGE.plusHours(1));
            archived = rig.state.archivedSequence();
        }
        System.out.println((archived == RECORDS ? "archived all of " : archived + " archived of ") + RECORDS);
    }

    private static void append(Wal wal, Random random) {
        byte[] payload = new byte[PAYLOAD_BYTES];
        for (int i = 0; i < RECORDS / APPENDS; i++) {
            random.nextBytes(payload);
            wal.append(1, ByteBuffer.wrap(payload));
        }
        wal.sync();
    }

    /** A store that is away at times. */
    private record Switched(ObjectStore store, boolean[] isAway) implements ObjectStore {
        private ObjectStore reached() throws StoreException {
            if (isAway[0]) {
                throw new StoreUnavailableException("the store is away", null);
            }
            return store;
        }

        @Override
        public String describe() {
            return store.describe();
        }

        @Override
        public boolean putIfAbsent(String key, ObjectContent content) throws StoreException {
            return reached().putIfAbsent(key, content);
        }

        @Override
        public Optional<StoredObject> head(String key) throws StoreException {
            return reached().head(key);
        }

        @Override
        public InputStream get(String key) throws StoreException {
            return reached().get(key);
        }

        @Override
        public InputStream get(String key, long from, long length) throws StoreException {
            return reached().get(key, from, length);
        }

        @Override
        public List<StoredObject> list(String prefix, String afterKey) throws StoreException {
            return reached().list(prefix, afterKey);
        }

        @Override
        public void delete(List<String> keys) throws StoreException {
            reached().delete(keys);
        }

        @Override
        public void close() {}
    }
}
