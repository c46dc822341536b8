package io.veloz.wal.archive.internal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.io.StoppableStore.StoppedException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.HeapStore.Fault;
import io.veloz.wal.archive.store.ObjectContent;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class StoppableStoreTest {
    private final HeapStore heap = new HeapStore();
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final StoppableStore store = new StoppableStore(heap, stopped::get);

    @Test
    void stoppedStoreMakesNoRequest() throws IOException {
        store.putIfAbsent("segments/a", ObjectContent.of(new byte[100]));
        long before = heap.requests();
        stopped.set(true);
        assertThatThrownBy(() -> store.head("segments/a")).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> store.get("segments/a")).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> store.get("segments/a", 0, 10)).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> store.list("segments/", "")).isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> store.putIfAbsent("segments/b", ObjectContent.of(new byte[1])))
                .isInstanceOf(StoppedException.class);
        assertThat(heap.requests()).isEqualTo(before);
        stopped.set(false);
        assertThat(store.head("segments/a")).isPresent();
    }

    @Test
    void readOfAnObjectEndsWhenTheStoreIsStopped() throws IOException {
        store.putIfAbsent("segments/a", ObjectContent.of(new byte[100]));
        try (InputStream in = store.get("segments/a")) {
            assertThat(in.readNBytes(10)).hasSize(10);
            stopped.set(true);
            assertThatThrownBy(in::read).isInstanceOf(StoppedException.class);
        }
        assertThat(store.bytes()).isEqualTo(10);
    }

    @Test
    void requestIsNotRetriedAfterAStop() {
        StoppableStore failing = new StoppableStore(heap.client(request -> Fault.FAIL), stopped::get);
        Retries retries = Retries.untilStopped(new Signal(), stopped::get);
        int[] attempts = new int[1];
        assertThatThrownBy(() -> retries.call(() -> {
                    attempts[0]++;
                    try {
                        return failing.head("segments/a");
                    } finally {
                        stopped.set(true);
                    }
                }))
                .isInstanceOf(StoppedException.class);
        assertThat(attempts[0]).isEqualTo(2);
    }
}
