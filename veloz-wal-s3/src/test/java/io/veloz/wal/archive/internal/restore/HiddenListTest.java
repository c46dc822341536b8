package io.veloz.wal.archive.internal.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.veloz.wal.Wal;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.WalRestoreException.Reason;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.MemoryStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.restore.RestoreOptions;
import io.veloz.wal.restore.RestoreReport;
import io.veloz.wal.spi.LogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A list is a hint: a restore brings everything, or says what is missing. Not tried, as it cannot be noticed: a list that
 * hides the tip and the dropped tails before it.
 */
class HiddenListTest {
    private static final int RECORDS = 300;

    @TempDir
    Path dir;

    private final LyingStore store = new LyingStore();
    private Path source;
    private TestArchive archive;

    /** Its lists come in small pages; they leave out what is hidden, and show what is gone. */
    private static final class LyingStore extends MemoryStore {
        private static final int PAGE = 7;

        final Set<String> hidden = new HashSet<>();
        final Set<String> gone = new HashSet<>();
        final Random random = new Random(5);
        boolean isShuffled;
        boolean liesOnce;
        private boolean hasLied;

        @Override
        public List<StoredObject> list(String prefix, String afterKey) {
            Set<String> keys = keys();
            if (!hasLied || !liesOnce) {
                keys.addAll(gone);
                keys.removeAll(hidden);
            }
            keys.removeIf(key -> !key.startsWith(prefix) || key.compareTo(afterKey) <= 0);
            hasLied |= keys.isEmpty();
            List<String> page = new ArrayList<>(keys);
            if (isShuffled) {
                Collections.shuffle(page, random);
            }
            return page.stream()
                    .limit(PAGE)
                    .map(key -> new StoredObject(key, 100))
                    .toList();
        }

        Set<String> keys() {
            return new TreeSet<>(objects.keySet());
        }

        void hide(Collection<Long> slots) {
            slots.forEach(slot -> hidden.add(ArchiveKeys.slot(slot)));
        }

        void deleteButList(Collection<Long> slots) throws IOException {
            List<String> keys = slots.stream().map(ArchiveKeys::slot).toList();
            delete(keys);
            gone.addAll(keys);
        }
    }

    @BeforeEach
    void ship() throws IOException {
        source = dir.resolve("source");
        try (Wal wal = SmallLog.open(source)) {
            SmallLog.append(wal, RECORDS);
        }
        assertThat(LogFiles.of(source).sealed()).hasSizeGreaterThan(1);
        archive = new TestArchive(store, source).tails(500, Long.MAX_VALUE).segment(1);
    }

    private RestoreReport restore(Path target) {
        RestoreOptions options = RestoreOptions.into(target).parallelism(3);
        return ArchiveRestore.run(store, options, new Restore(store, options, new Retries(n -> {}), Steps.REAL)::run);
    }

    private void assertWhole(String name) {
        Path target = dir.resolve(name);
        assertThat(restore(target).lastSequence()).isEqualTo(RECORDS);
        assertThat(SmallLog.read(target)).isEqualTo(SmallLog.read(source));
    }

    private WalRestoreException refusal() {
        return catchThrowableOfType(WalRestoreException.class, () -> restore(dir.resolve("refused")));
    }

    private List<Long> slots(long from, long to) {
        List<Long> slots = new ArrayList<>();
        for (long slot = from; slot <= to; slot++) {
            slots.add(slot);
        }
        return slots;
    }

    @Test
    void newestSlotsThatTheListHidesAreFound() {
        long last = archive.slots();
        for (long first : new long[] {last, last - 1, last - 20, last / 2, 2, 1}) {
            store.hide(slots(first, last));
            assertWhole("from-" + first);
        }
    }

    @Test
    void slotsInTheMiddleThatTheListHidesAreFound() {
        long last = archive.slots();
        store.hide(slots(last / 3, last / 2));
        assertWhole("range");
        Random random = new Random(7);
        for (int i = 0; i < 5; i++) {
            store.hidden.clear();
            store.hide(
                    slots(1, last).stream().filter(slot -> random.nextBoolean()).toList());
            assertWhole("random-" + i);
        }
    }

    @Test
    void tailsThatAreListedAndDroppedAreNotMissed() throws IOException {
        Set<String> before = store.keys();
        archive.dropTails();
        before.removeAll(store.keys());
        assertThat(before).isNotEmpty();
        store.gone.addAll(before);
        assertWhole("whole");
    }

    @Test
    void tailsDroppedWhileTheListIsReadLeadToTheSegmentBehindThem() throws IOException {
        dropTheTip();
        store.liesOnce = true;
        assertWhole("whole");
    }

    @Test
    void tipThatIsListedAndGoneIsRefused() throws IOException {
        long tip = dropTheTip();
        WalRestoreException refused = refusal();
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.slot(tip));
        assertThat(refused).hasMessageContaining("listed, and missing");
    }

    /** The list is as old as the tip that it shows; that one's segment was shipped since, and the tails are dropped. */
    private long dropTheTip() throws IOException {
        store.delete(List.copyOf(store.keys()));
        archive = new TestArchive(store, source).tails(500, 60);
        final long tip = archive.slots();
        Set<String> listed = store.keys();
        archive.tails(500, Long.MAX_VALUE).segment(1).dropTails();
        Set<String> now = store.keys();
        assertThat(now).doesNotContain(ArchiveKeys.slot(tip), ArchiveKeys.slot(tip + 1));
        store.gone.addAll(listed);
        store.hidden.addAll(now);
        store.hidden.removeAll(listed);
        return tip;
    }

    @Test
    void neededSlotThatIsListedAndGoneIsNamed() throws IOException {
        List<Long> tails = archive.tailSlots();
        long needed = tails.get(tails.size() - 2);
        store.deleteButList(List.of(needed));
        WalRestoreException refused = refusal();
        assertThat(refused.reason()).isEqualTo(Reason.DAMAGED);
        assertThat(refused.key()).contains(ArchiveKeys.slot(needed));
    }

    @Test
    void pagesWithoutOrderHideNothing() throws IOException {
        store.isShuffled = true;
        for (int i = 0; i < 5; i++) {
            assertWhole("before-" + i);
        }
        archive.dropTails();
        for (int i = 0; i < 5; i++) {
            assertWhole("after-" + i);
        }
    }
}
