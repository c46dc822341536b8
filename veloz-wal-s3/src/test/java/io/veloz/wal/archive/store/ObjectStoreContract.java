package io.veloz.wal.archive.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What every store must pass: each check of the probe as a test, and the two forms of the probe. */
public abstract class ObjectStoreContract {
    private ObjectStore store;

    /** A store that is empty, or a prefix of its own in one. */
    protected abstract ObjectStore newStore() throws IOException;

    @BeforeEach
    void openStore() throws IOException {
        store = newStore();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    @TestFactory
    Stream<DynamicTest> everyCheckOfTheProbeHolds() {
        String base = StoreProbe.newBase();
        return Stream.concat(ProbeChecks.all().stream(), Stream.of(ProbeChecks.cleaned()))
                .map(check -> DynamicTest.dynamicTest(check.name(), () -> {
                    ProbeResult result = StoreProbe.tried(store, base, check);
                    assertThat(result.holds()).as(result.found()).isTrue();
                }));
    }

    @Test
    void quickProbeFindsItUsableAndLeavesNothing() throws IOException {
        assertThat(StoreProbe.quick(store).isUsable()).isTrue();
        assertThat(store.list("probe/", "")).isEmpty();
    }

    @Test
    void interruptedThreadStoresAndReads() throws IOException {
        Thread.currentThread().interrupt();
        try {
            assertThat(store.putIfAbsent("interrupted", ObjectContent.of(new byte[3])))
                    .isTrue();
            assertThat(store.get("interrupted").readAllBytes()).hasSize(3);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            Thread.interrupted();
        }
        assertThat(store.list("inter", "")).isEqualTo(List.of(new StoredObject("interrupted", 3)));
    }

    @Test
    void closedStoreIsAnIllegalState() {
        store.close();
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> store.head("a")))
                .isInstanceOf(IllegalStateException.class);
    }
}
