package io.veloz.wal.archive.internal.care;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.HeapStore;
import io.veloz.wal.archive.store.InterposedStore;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoreException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class JanitorDeleteTest {
    private final HeapStore store = new HeapStore();
    private final List<String> keys =
            IntStream.range(0, 2_500).mapToObj(n -> "segments/" + (10_000 + n)).toList();

    /** Refuses each batch with a key, as a store does whose object is locked. */
    private ObjectStore locked(String key) {
        return (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, args) -> {
                    if (method.getName().equals("delete") && ((List<?>) args[0]).contains(key)) {
                        throw new StoreException(key + " is locked", null);
                    }
                    return method.invoke(new InterposedStore(store, -1, () -> {}), args);
                });
    }

    @Test
    void refusedKeyDoesNotKeepTheOtherBatches() {
        keys.forEach(key -> store.damage(key, new byte[1]));
        assertThatThrownBy(() -> Janitor.delete(locked(keys.get(500)), new Retries(attempt -> {}), keys))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("is locked");
        assertThat(store.objects().keySet()).containsExactlyInAnyOrderElementsOf(keys.subList(0, 1_000));
    }
}
