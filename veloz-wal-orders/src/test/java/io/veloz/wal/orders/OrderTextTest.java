package io.veloz.wal.orders;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class OrderTextTest {
    private static String decode(int... bytes) {
        byte[] array = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            array[i] = (byte) bytes[i];
        }
        return OrderText.decode(array, 0, array.length);
    }

    @Test
    void validUtf8IsDecodedAsUsual() {
        String text = "grün € \uD83D\uDE00 \uFFFD";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        assertThat(OrderText.decode(bytes, 0, bytes.length)).isEqualTo(text);
        assertThat(OrderText.encode(text)).isEqualTo(bytes);
    }

    @Test
    void eachInvalidByteIsDecodedAsALoneSurrogate() {
        assertThat(decode('a', 0xFF, 'b')).isEqualTo("a\uDCFFb");
        assertThat(decode(0xC3)).isEqualTo("\uDCC3");
        assertThat(decode(0xE2, 0x82)).isEqualTo("\uDCE2\uDC82");
    }

    @Test
    void illFormedSequencesAreNotDecoded() {
        assertThat(decode(0xC0, 0x80)).isEqualTo("\uDCC0\uDC80");
        assertThat(decode(0xE0, 0x9F, 0xBF)).isEqualTo("\uDCE0\uDC9F\uDCBF");
        assertThat(decode(0xED, 0xA0, 0x80)).isEqualTo("\uDCED\uDCA0\uDC80");
        assertThat(decode(0xF0, 0x8F, 0xBF, 0xBF)).isEqualTo("\uDCF0\uDC8F\uDCBF\uDCBF");
        assertThat(decode(0xF4, 0x90, 0x80, 0x80)).isEqualTo("\uDCF4\uDC90\uDC80\uDC80");
    }

    @Test
    void loneSurrogateThatDoesNotRepresentAByteIsRejected() {
        assertThatThrownBy(() -> OrderText.encode("a\uD800"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("lone surrogate U+D800 at 1 does not represent a byte");
        assertThatThrownBy(() -> new OrderCancel("\uDC7F", "", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("clientOrderId: lone surrogate U+DC7F at 0 does not represent a byte");
    }

    @Test
    void escapesThatFormValidUtf8AreDecoded() {
        assertThat(new OrderCancel("\uDCC3\uDCA9", "", 0).clientOrderId()).isEqualTo("é");
    }

    @Property(tries = 500)
    void anyBytesAreRestoredExactly(@ForAll @Size(max = 60) byte[] bytes) {
        assertThat(OrderText.encode(OrderText.decode(bytes, 0, bytes.length))).isEqualTo(bytes);
    }

    @Property(tries = 500)
    void invalidUtf8IsRestoredExactly(@ForAll String text, @ForAll @IntRange(max = 40) int at, @ForAll byte value) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (at < bytes.length) {
            bytes[at] = value;
        }
        assertThat(OrderText.encode(OrderText.decode(bytes, 0, bytes.length))).isEqualTo(bytes);
    }
}
