// SPDX-License-Identifier: Apache-2.0
package iommu.amdvi;

import static iommu.api.bits.BitField.bit;
import static iommu.api.bits.BitField.bits;

import iommu.api.bits.BitField;

/** Fields of the control register. Source: 48882, "IOMMU Control Register". */
public final class Control {

    /** IommuEn: requests are translated, commands fetched, events logged. */
    public static final BitField IOMMU_EN = bit(0);
    /** HtTunEn: upstream traffic of a HyperTransport tunnel is translated too. */
    public static final BitField HT_TUN_EN = bit(1);
    /** EventLogEn. */
    public static final BitField EVENT_LOG_EN = bit(2);
    /** EventIntEn: an interrupt when an event was logged. */
    public static final BitField EVENT_INT_EN = bit(3);
    /** ComWaitIntEn: an interrupt when a COMPLETION_WAIT asks for one. */
    public static final BitField COM_WAIT_INT_EN = bit(4);
    /** InvTimeOut: how long a device's IOTLB may take; 0 for ever, 4 for 1 s. */
    public static final BitField INV_TIME_OUT = bits(7, 5);
    /** PassPW. */
    public static final BitField PASS_PW = bit(8);
    /** ResPassPW. */
    public static final BitField RES_PASS_PW = bit(9);
    /** Coherent: the unit snoops when it reads its tables. */
    public static final BitField COHERENT = bit(10);
    /** Isoc. */
    public static final BitField ISOC = bit(11);
    /** CmdBufEn: commands are fetched. */
    public static final BitField CMD_BUF_EN = bit(12);
    /** PprLogEn. */
    public static final BitField PPR_LOG_EN = bit(13);
    /** PprIntEn. */
    public static final BitField PPR_INT_EN = bit(14);
    /** PprEn. */
    public static final BitField PPR_EN = bit(15);
    /** GtEn: guest translation. */
    public static final BitField GT_EN = bit(16);
    /** GaEn: interrupt entries of 128 bits. */
    public static final BitField GA_EN = bit(17);
    /** GALogEn. */
    public static final BitField GA_LOG_EN = bit(28);
    /** GAIntEn. */
    public static final BitField GA_INT_EN = bit(29);
    /** NumIntRemapMode: 1 for up to 2048 interrupts a device, else 512. */
    public static final BitField NUM_INT_REMAP_MODE = bits(44, 43);
    /** XTEn: 32-bit interrupt destinations. */
    public static final BitField XT_EN = bit(50);
    /** IntCapXTEn. */
    public static final BitField INT_CAP_XT_EN = bit(51);
    /** IRTCacheDis: interrupt entries are not cached. */
    public static final BitField IRT_CACHE_DIS = bit(59);

    private Control() { }
}
