package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.FollowState.Begin;
import io.veloz.wal.archive.internal.format.FollowState.Content;
import io.veloz.wal.archive.internal.format.FollowState.Place;
import io.veloz.wal.archive.internal.format.FollowState.Promotion;
import io.veloz.wal.archive.internal.format.Slot.Archived;
import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FollowStateTest {
    private static final FollowState STATE = new FollowState(
            "ab".repeat(16),
            "cd".repeat(32),
            new Begin(5, 401),
            new Place(new SlotRef(17, "ef".repeat(32)), 3, "host", Instant.parse("2026-11-29T01:02:03Z")),
            new SlotRef(15, "ef".repeat(32)),
            new Archived(9, 4711, 990),
            8,
            new Content(9, 4096, 4711, "12".repeat(32)),
            true,
            new Promotion(3, 18, true));

    private static FollowState changed(String from, String to) throws BadObjectException {
        String text = new String(STATE.encode(), StandardCharsets.UTF_8);
        assertThat(text).contains(from);
        return FollowState.decode("file", text.replace(from, to).getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void stateRoundTrips() throws BadObjectException {
        assertThat(FollowState.decode("file", STATE.encode())).isEqualTo(STATE);
        FollowState initial = FollowState.initial(new LogIdentity("ab".repeat(16), "orders", Instant.EPOCH, 1, 1));
        assertThat(FollowState.decode("file", initial.encode())).isEqualTo(initial);
    }

    @Test
    void damagedFieldIsNamed() {
        assertThatThrownBy(() -> changed("\"searching\":1", "\"searching\":2"))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("field \"searching\" is 2; expected an integer from 0 to 1");
        assertThatThrownBy(() -> changed("2026-11-29T01:02:03Z", "yesterday"))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining("\"written\" is not a time");
    }

    @Test
    void newerFormatIsUnknown() {
        assertThatThrownBy(() -> changed("\"format\":1", "\"format\":2"))
                .isInstanceOf(UnknownArchiveFormatException.class);
    }
}
