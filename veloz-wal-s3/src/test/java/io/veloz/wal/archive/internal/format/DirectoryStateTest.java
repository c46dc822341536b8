package io.veloz.wal.archive.internal.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.archive.internal.format.Slot.SlotRef;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DirectoryStateTest {
    private static final String ONE = "01".repeat(16);
    private static final String TWO = "02".repeat(16);
    private static final String THREE = "03".repeat(16);
    private static final SlotRef SLOT = new SlotRef(7, "c".repeat(64));
    private static final DirectoryState STATE = new DirectoryState("ab".repeat(16), List.of(ONE, TWO), SLOT, 0);

    @Test
    void fileHasThisText() throws BadObjectException {
        String text = "{\"format\":1,\"instance\":\"" + "ab".repeat(16) + "\",\"writers\":{\"" + ONE + "\":0,\"" + TWO
                + "\":1},\"kept\":{\"slot\":7,\"sha256\":\"" + "c".repeat(64) + "\"}}";
        assertThat(new String(STATE.encode(), StandardCharsets.UTF_8)).isEqualTo(text);
        assertThat(DirectoryState.decode("f", text.getBytes(StandardCharsets.UTF_8)))
                .isEqualTo(STATE);
    }

    @Test
    void epochToTakeOverIsInTheFileUntilAWriterOfTheDirectoryIsConfirmed() throws BadObjectException {
        DirectoryState permitted = STATE.permitting(5);
        assertThat(new String(permitted.encode(), StandardCharsets.UTF_8)).endsWith("},\"takeOver\":5}");
        assertThat(DirectoryState.decode("f", permitted.encode())).isEqualTo(permitted);
        assertThat(permitted.adding(THREE).takeOver()).isEqualTo(5);
        assertThat(permitted.adding(THREE).confirming(THREE, SLOT).takeOver()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"01        | \"0x       | f: writer \"0x",
                "\"instance\" | \"instant\" | field \"instance\" is missing",
                "\"slot\":7  | \"slot\":-1 | field \"slot\" is -1",
                "}}          | }           | f: invalid JSON"
            })
    void damagedFileIsRefused(String from, String to, String message) {
        byte[] bytes = new String(STATE.encode(), StandardCharsets.UTF_8)
                .replaceFirst(java.util.regex.Pattern.quote(from), to)
                .getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> DirectoryState.decode("f", bytes))
                .isInstanceOf(BadObjectException.class)
                .hasMessageContaining(message);
    }

    @Test
    void newerFormatIsNotReportedAsDamage() {
        byte[] bytes = new String(STATE.encode(), StandardCharsets.UTF_8)
                .replace("\"format\":1", "\"format\":2")
                .getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> DirectoryState.decode("f", bytes)).isInstanceOf(UnknownArchiveFormatException.class);
    }

    @Test
    void confirmationRemovesOnlyEarlierWriters() {
        SlotRef next = new SlotRef(9, "d".repeat(64));
        DirectoryState three = STATE.adding(THREE);
        assertThat(three.confirming(TWO, next).writers()).containsExactly(TWO, THREE);
        assertThat(three.confirming(TWO, next).kept()).isEqualTo(next);
        assertThat(three.confirming(TWO, SlotRef.NONE).kept()).isEqualTo(SLOT);
        assertThat(three.adding(ONE).writers()).containsExactly(TWO, THREE, ONE);
        assertThat(three.adding(THREE)).isEqualTo(three);
        assertThat(STATE.confirming(THREE, next).writers()).containsExactly(THREE, ONE, TWO);
    }
}
