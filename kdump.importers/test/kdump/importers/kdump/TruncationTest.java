// SPDX-License-Identifier: Apache-2.0
package kdump.importers.kdump;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.memory.AddressRange;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import kdump.importers.dump.Dump;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dump whose file breaks off, as a full disk leaves it. */
class TruncationTest {

    private static final byte[] WHOLE = new KdumpBytes(64).page(3, KdumpBytes.content(3), 0)
            .page(4, KdumpBytes.content(4), 0).page(9, KdumpBytes.content(9), 0).file();

    private static Dump cut(int bytes) throws IOException {
        return KdumpFile.read(KdumpBytes.content(Arrays.copyOf(WHOLE, WHOLE.length - bytes)));
    }

    @Test
    void aWholeFileHoldsAllItNames() throws IOException {
        assertThat(cut(0).image().ranges()).containsExactly(
                AddressRange.of(0x3000, 0x2000), AddressRange.of(0x9000, 0x1000));
        assertThat(cut(0).remarks()).isEmpty();
        assertThat(cut(0).lost()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2000, 4096})
    void onlyPagesBeyondTheEndAreAbsent(int bytes) throws IOException {
        Dump dump = cut(bytes);
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(0x3000, 0x2000));
        assertThat(dump.lost()).containsExactly(AddressRange.of(0x9000, 0x1000));
        assertThat(dump.remarks()).containsExactly("The dump breaks off at 0x"
                + Integer.toHexString(WHOLE.length - bytes)
                + ": 0x1 of 0x3 pages that it names lie beyond and are absent.");
        byte[] page = new byte[4096];
        dump.image().read(0x4000, page, 0, page.length);
        assertThat(page).isEqualTo(KdumpBytes.content(4));
        assertThatThrownBy(() -> dump.image().read(0x9000, page, 0, page.length))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void pagesWithinARunMayBeAbsentToo() throws IOException {
        Dump dump = cut(4097);
        assertThat(dump.image().ranges()).containsExactly(AddressRange.of(0x3000, 0x1000));
        assertThat(dump.lost()).isEqualTo(List.of(AddressRange.of(0x4000, 0x1000),
                AddressRange.of(0x9000, 0x1000)));
    }
}
