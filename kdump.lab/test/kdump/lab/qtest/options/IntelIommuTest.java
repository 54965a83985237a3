// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import iommu.api.profile.UnitProfile;
import iommu.vtd.Capability;
import iommu.vtd.ExtendedCapability;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each property of {@code intel-iommu} and {@code amd-iommu} and the bits that follow from it. */
class IntelIommuTest {

    private static UnitSlot slot(String version, String properties) throws LabException {
        return IntelIommu.slot(new Properties("-device", "intel-iommu" + properties),
                QemuVersion.valueOf(version));
    }

    private static long capability(UnitProfile profile, int at) {
        return profile.registers().get(at) & 0xffff_ffffL
                | (long) profile.registers().get(at + 4) << 32;
    }

    private static String bits(UnitProfile profile) throws ReflectiveOperationException {
        var told = new StringBuilder();
        for (Class<?> layout : new Class<?>[] {Capability.class, ExtendedCapability.class}) {
            long value = capability(profile, layout == Capability.class ? 8 : 16);
            for (var field : layout.getFields()) {
                var bits = (iommu.api.bits.BitField) field.get(null);
                if (bits.hi() == bits.lo() && bits.isSet(value)) {
                    told.append(' ').append(field.getName());
                }
            }
        }
        return told.toString().trim();
    }

    /** Single bits of CAP, then those of ECAP, in the manual's order. */
    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', value = {
        "V7_2 |                       | PSI DWD DRD QI IR PT",
        "V7_2 | ,intremap=on          | PSI DWD DRD QI IR PT",
        "V7_2 | ,intremap=auto        | PSI DWD DRD QI IR PT",
        "V7_2 | ,intremap=off         | PSI DWD DRD QI PT",
        "V7_2 | ,caching-mode=on      | CM PSI DWD DRD QI IR PT",
        "V7_2 | ,dma-drain=off        | PSI QI IR PT",
        "V7_2 | ,pt=off               | PSI DWD DRD QI IR",
        "V7_2 | ,device-iotlb=on      | PSI DWD DRD QI DT IR PT",
        "V7_2 | ,snoop-control=on     | PSI DWD DRD QI IR PT SC",
        "V7_2 | ,x-buggy-eim=on       | PSI DWD DRD QI IR EIM PT",
        "V7_2 | ,x-buggy-eim=on,eim=off | PSI DWD DRD QI IR PT",
        "V7_2 | ,x-buggy-eim=on,intremap=off | PSI DWD DRD QI PT",
        "V7_2 | ,x-scalable-mode=on   | PSI DWD DRD QI IR PT SRS SMTS SLTS",
        "V7_2 | ,x-scalable-mode=on,x-pasid-mode=on | PSI DWD DRD QI IR PT SRS PASID SMTS SLTS",
        "V10  |                       | PSI DWD DRD QI IR PT",
        "V10  | ,eim=on               | PSI DWD DRD QI IR EIM PT",
        "V10  | ,x-scalable-mode=on   | PSI DWD DRD QI IR PT SRS SMTS SLTS",
        "V10  | ,x-scalable-mode=on,x-flts=on | PSI DWD DRD FL1GP QI IR PT SMTS FLTS",
        "V10  | ,x-scalable-mode=on,x-flts=on,fs1gp=off | PSI DWD DRD QI IR PT SMTS FLTS",
        "V10  | ,fs1gp=on             | PSI DWD DRD QI IR PT",
        "V11  |                       | PSI DWD DRD ESRTPS QI IR PT",
        "V11  | ,eim=on               | PSI DWD DRD ESRTPS QI IR EIM PT",
        "V11  | ,scalable-mode=on     | PSI DWD DRD ESRTPS QI IR PT SRS SMTS SLTS",
        "V11  | ,scalable-mode=on,fsts=on | PSI DWD DRD FL1GP ESRTPS QI IR PT SMTS FLTS",
        "V11  | ,scalable-mode=on,pasid-bits=20 | PSI DWD DRD ESRTPS QI IR PT SRS PASID SMTS SLTS",
        "V11  | ,scalable-mode=on,fsts=on,pasid-bits=1,device-iotlb=on,svm=on |"
            + " PSI DWD DRD FL1GP ESRTPS QI DT IR PT PRS NWFS PASID PDS SMTS FLTS"})
    void aPropertyIsABit(String version, String properties, String bits) throws Exception {
        assertThat(bits(slot(version, properties == null ? "" : properties).profile()))
                .isEqualTo(bits);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', value = {
        "V7_2 |                        | 39 | 2",
        "V7_2 | ,aw-bits=39            | 39 | 2",
        "V7_2 | ,aw-bits=48            | 48 | 6",
        "V7_2 | ,dma-translation=off   | 39 | 0",
        "V10  |                        | 48 | 6",
        "V10  | ,aw-bits=39            | 39 | 2",
        "V11  |                        | 48 | 6",
        "V11  | ,aw-bits=48,dma-translation=off | 48 | 0"})
    void theWidthIsThatOfAddressesAndOfTables(String version, String properties, int width,
            int tables) throws Exception {
        UnitProfile profile = slot(version, properties == null ? "" : properties).profile();
        long cap = capability(profile, 8);
        assertThat(Capability.maximumGuestAddressWidth(cap)).isEqualTo(width);
        assertThat(Capability.SAGAW.of(cap)).isEqualTo(tables);
        assertThat(profile.settings()).containsEntry("hostAddressWidth", (long) width);
        assertThat(profile.registers()).containsEntry(0, 0x10);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "16, 15", "20, 19"})
    void pasidBitsAreInPss(int bits, int field) throws Exception {
        UnitProfile profile = slot("V11", ",scalable-mode=on,pasid-bits=" + bits).profile();
        assertThat(ExtendedCapability.PSS.of(capability(profile, 16))).isEqualTo(field);
    }

    @Test
    void placesAndNumbersAreTheSameForAll() throws Exception {
        for (QemuVersion version : QemuVersion.values()) {
            UnitSlot slot = slot(version.name(), "");
            long cap = capability(slot.profile(), 8);
            assertThat(Capability.domains(cap)).isEqualTo(65536);
            assertThat(Capability.FRO.of(cap)).isEqualTo(0x22);
            assertThat(Capability.NFR.of(cap)).isZero();
            assertThat(Capability.MAMV.of(cap)).isEqualTo(18);
            assertThat(Capability.SLLPS.of(cap)).isEqualTo(3);
            assertThat(ExtendedCapability.IRO.of(capability(slot.profile(), 16))).isEqualTo(15);
            assertThat(slot.profile().vendor()).isEqualTo("vtd");
            assertThat(slot.profile().registerBase()).isEqualTo(0xfed9_0000L);
            assertThat(slot.contains(0xfed9_0000L)).isTrue();
            assertThat(slot.contains(0xfed9_022fL)).isTrue();
            assertThat(slot.contains(0xfed9_0230L)).isFalse();
            assertThat(slot.contains(0xfed8_ffffL)).isFalse();
        }
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', value = {
        "V7_2 | ,aw-bits=38          | Supported values for aw-bits are: 39, 48",
        "V7_2 | ,aw-bits=49          | Supported values for aw-bits are: 39, 48",
        "V7_2 | ,aw-bits=256         | Parameter 'aw-bits' expects uint8_t",
        "V7_2 | ,x-flts=on           | Property 'intel-iommu.x-flts' not found",
        "V7_2 | ,scalable-mode=on    | Property 'intel-iommu.scalable-mode' not found",
        "V7_2 | ,svm=on              | Property 'intel-iommu.svm' not found",
        "V7_2 | ,version=x           | Parameter 'version' expects integer",
        "V7_2 | ,version=0x100000000 | Parameter 'version' expects uint32_t",
        "V7_2 | ,eim=maybe           | Parameter 'eim' does not accept value 'maybe'",
        "V7_2 | ,eim=on              | eim=on requires accel=kvm,kernel-irqchip=split",
        "V10  | ,aw-bits=57          | Legacy mode: supported values for aw-bits are: 39, 48",
        "V10  | ,aw-bits=57,x-scalable-mode=on | Scalable mode(flts=off): supported values for"
            + " aw-bits are: 39, 48",
        "V10  | ,aw-bits=39,x-scalable-mode=on,x-flts=on | Scalable mode(flts=on): supported value"
            + " for aw-bits is: 48",
        "V10  | ,x-flts=on           | x-flts is only available in scalable mode",
        "V10  | ,dma-drain=off,x-scalable-mode=on | Need to set dma_drain for scalable mode",
        "V11  | ,dma-drain=off       | Property 'intel-iommu.dma-drain' not found",
        "V11  | ,pt=on               | Property 'intel-iommu.pt' not found",
        "V11  | ,x-scalable-mode=on  | Property 'intel-iommu.x-scalable-mode' not found",
        "V11  | ,x-buggy-eim=on      | Property 'intel-iommu.x-buggy-eim' not found",
        "V11  | ,fsts=on             | fsts is only available in scalable mode",
        "V11  | ,pasid-bits=1        | Need to set scalable mode for PASID",
        "V11  | ,scalable-mode=on,pasid-bits=21 | PASID width 21 exceeds Max PASID Width 20 allowed"
            + " in PCI spec",
        "V11  | ,svm=on              | Need to set device IOTLB for svm",
        "V11  | ,svm=on,device-iotlb=on | Need to set fsts for svm",
        "V11  | ,svm=on,device-iotlb=on,scalable-mode=on,fsts=on | Need to set PASID support for"
            + " svm",
        "V11  | ,eim=on,intremap=off | eim=on cannot be selected without intremap=on"})
    void whatDoesNotGoTogetherIsRefused(String version, String properties, String why) {
        assertThatThrownBy(() -> slot(version, properties)).isInstanceOf(LabException.class)
                .hasMessage("-device intel-iommu" + properties + ": " + why);
    }

    // ---- amd-iommu ------------------------------------------------------------------------------

    private static UnitProfile amd(String version, String properties) throws LabException {
        return AmdIommu.slot(new Properties("-device", "amd-iommu" + properties),
                QemuVersion.valueOf(version)).profile();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', value = {
        "V7_2 |                      | 0x29d3",
        "V7_2 | ,pt=on               | 0x29d3",
        "V10  |                      | 0x29d3",
        "V10  | ,xtsup=on            | 0x29d7",
        "V10  | ,xtsup=off           | 0x29d3",
        "V11  |                      | 0x29d3",
        "V11  | ,xtsup=on            | 0x29d7",
        "V11  | ,dma-translation=off | 0x2dd3",
        "V11  | ,dma-translation=off,xtsup=on | 0x2dd7"})
    void featuresOfAmdFollowFromProperties(String version, String properties, String features)
            throws LabException {
        UnitProfile profile = amd(version, properties == null ? "" : properties);
        assertThat(profile.registers()).containsOnly(
                java.util.Map.entry(0x30, Integer.decode(features)));
        assertThat(profile.registerBase()).isEqualTo(0xfed8_0000L);
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', value = {
        "V7_2 | ,xtsup=on            | Property 'amd-iommu.xtsup' not found",
        "V7_2 | ,dma-remap=on        | Property 'amd-iommu.dma-remap' not found",
        "V10  | ,dma-translation=on  | Property 'amd-iommu.dma-translation' not found",
        "V11  | ,pt=on               | Property 'amd-iommu.pt' not found",
        "V11  | ,dma-remap=2         | Parameter 'dma-remap' expects 'on' or 'off'",
        "V11  | ,intremap=2          | Parameter 'intremap' does not accept value '2'"})
    void otherPropertiesOfAmdAreRefused(String version, String properties, String why) {
        assertThatThrownBy(() -> amd(version, properties)).isInstanceOf(LabException.class)
                .hasMessage("-device amd-iommu" + properties + ": " + why);
    }
}
