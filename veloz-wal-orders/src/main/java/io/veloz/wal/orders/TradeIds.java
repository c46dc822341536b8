package io.veloz.wal.orders;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.RandomAccess;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The venue's trade ids that were counted for an order, oldest first. Reads are thread-safe; only the thread that applies
 * events calls {@link #seen} and {@link #plus}.
 *
 * <p>Successive states of an order share one growing array, and each sees only a prefix of it. So an order with many fills
 * does not copy all its ids for every fill.
 */
final class TradeIds extends AbstractList<String> implements RandomAccess {
    private static final int SET_FROM = 16;

    /** Shared by all versions. Confined to the thread that applies events. */
    private static final class Newest {
        int size;

        @Nullable
        Set<String> set;
    }

    private final String[] ids;
    private final int size;
    private final Newest newest;

    private TradeIds(String[] ids, int size, Newest newest) {
        this.ids = ids;
        this.size = size;
        this.newest = newest;
    }

    static TradeIds of(List<String> ids) {
        if (ids instanceof TradeIds same) {
            return same;
        }
        Newest newest = new Newest();
        newest.size = ids.size();
        return new TradeIds(ids.toArray(new String[0]), ids.size(), newest);
    }

    boolean seen(String id) {
        if (size < SET_FROM || newest.size != size) {
            return contains(id);
        }
        if (newest.set == null) {
            newest.set = new HashSet<>(this);
        }
        return newest.set.contains(id);
    }

    TradeIds plus(String id) {
        if (newest.size != size) {
            return of(List.copyOf(this)).plus(id);
        }
        String[] array = size < ids.length ? ids : Arrays.copyOf(ids, Math.max(4, size * 2));
        array[size] = id;
        newest.size = size + 1;
        if (newest.set != null) {
            newest.set.add(id);
        }
        return new TradeIds(array, size + 1, newest);
    }

    @Override
    public String get(int position) {
        if (position < 0 || position >= size) {
            throw new IndexOutOfBoundsException("position " + position + " of " + size);
        }
        return ids[position];
    }

    @Override
    public int size() {
        return size;
    }
}
