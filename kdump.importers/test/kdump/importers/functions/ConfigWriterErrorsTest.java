// SPDX-License-Identifier: Apache-2.0
package kdump.importers.functions;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.Capabilities;
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

    @Test
    void containmentLiesBehindErrorReporting() {
        var writer = new ConfigWriter(8);
        writer.errorReporting(0x100);
        writer.containment(9);
        var config = writer.build(true);
        int at = Capabilities.findExtended(config::read, 0x1d);
        assertThat(at).isGreaterThan(0x100 + 0x44);
        assertThat(config.read(at, 4) & 0xf_ffff).isEqualTo(0x1_001d);
        assertThat(config.u16(at + 4)).as("software may trigger it").isEqualTo(0x80);
        assertThat(config.u16(at + 6)).isEqualTo(9);
        assertThat(config.read(at + 8, 4)).isZero();
        writer.accessControl(3);
        config = writer.build(true);
        at = Capabilities.findExtended(config::read, 0x0d);
        assertThat(config.read(at, 4)).isEqualTo(0x1_000d);
        assertThat(config.read(at + 4, 4)).isEqualTo(0x3_001f);
    }
}
