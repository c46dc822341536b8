package io.veloz.wal.archive.store.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The contract of a store: each check of the probe as a test, and the two forms of the probe. */
public abstract class ObjectStoreContract {
    private ObjectStore store;

    /** Returns an empty store, or a store with an unused prefix. */
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
    Stream<DynamicTest> everyCheckOfTheProbePasses() {
        String base = StoreProbe.newBase();
        return Stream.concat(ProbeChecks.all().stream(), Stream.of(ProbeChecks.cleanUp()))
                .map(check -> DynamicTest.dynamicTest(check.name(), () -> {
                    ProbeResult result = StoreProbe.run(store, base, check);
                    assertThat(result.passed()).as(result.found()).isTrue();
                }));
    }

    @Test
    void quickProbeReportsItUsableAndLeavesNothing() throws IOException {
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
