// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** What a written function says of how it reports errors and readiness. */
class ConfigWriterErrorsTest {

    @Test
    void rootCapabilitiesStandInThePciExpressCapability() {
        var writer = new ConfigWriter(8);
        writer.rootCapabilities(1);
        assertThat(writer.build(false).config()).as("without one they are nowhere")
                .doesNotContain(1);
        writer.express(0x40, ExpressType.ROOT_PORT, 0, 0x83, 7);
        writer.rootCapabilities(1);
        assertThat(writer.build(false).u16(0x5e)).isEqualTo(1);
        assertThat(writer.build(false).u16(0x5c)).isEqualTo(7);
    }
}
