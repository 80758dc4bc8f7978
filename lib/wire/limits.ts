/**
 * The bounds of everything that is decoded. Each is far above what a correct peer sends; together
 * they keep what a decoder allocates below four times its input and a constant.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of one frame; a transport may refuse a longer one unread. */
export const MAX_FRAME_BYTES: number = 16 * MIB;
/** Bytes of a frame with several messages: longer ones cost latency and gain nothing. */
export const MAX_SHARED_FRAME_BYTES: number = 64 * KIB;
/** Bytes of one value of a store: a group of entries, a chunk, the meta record. */
export const MAX_RECORD_BYTES: number = 256 * MIB;
/** Messages of one frame. */
export const MAX_MESSAGES = 4096;
/** CBOR items of one frame or record, whatever their size. */
export const MAX_ITEMS = 65_536;
/** How deep CBOR arrays may be nested. */
export const MAX_DEPTH = 8;
/** Elements of all lists of one packed value, whatever their size. */
export const MAX_ELEMENTS = 131_072;
/** Entries of one message. */
export const MAX_ENTRIES = 65_536;
/** Entries of one value of the log. */
export const MAX_RECORD_ENTRIES = 1_048_576;
/** Bytes of one entry's payload. */
export const MAX_ENTRY_BYTES: number = 8 * MIB;
/** Voters of a configuration: an id is 1 to 255. */
export const MAX_VOTERS = 255;
/** Starts of a store that it remembers and tells of. */
export const MAX_STARTS = 64;
/** Checkpoints that a store keeps. */
export const MAX_CHECKPOINTS = 100;
/** The greatest id of a peer. */
export const MAX_PEER_ID = 255;
/** Requests of one message. */
export const MAX_REQUESTS = 16_384;
/** Sessions of one TOUCH. */
export const MAX_SESSIONS = 1_048_576;
/** Characters of a store id, a cluster id or a voter key. */
export const MAX_IDENTIFIER = 64;
/** Characters of a remark for a person. */
export const MAX_REMARK = 512;
/** Bytes of a path in UTF-8. */
export const MAX_PATH_BYTES: number = 64 * KIB;
/** Bytes of a scheme, an identity or an address in UTF-8. */
export const MAX_TEXT_BYTES: number = 4 * KIB;
/** Bytes of a session's password. */
export const MAX_PASSWORD_BYTES = 64;
/** Bytes of a node's data: more than a peer accepts, so that the limit can be raised without a new format. */
export const MAX_DATA_BYTES: number = 4 * MIB;
/** Lines of an ACL. */
export const MAX_ACL = 1024;
/** Changes of one transaction, operations of one multi. */
export const MAX_CHANGES = 65_536;
/** Nodes, sessions or owners of one part of a checkpoint. */
export const MAX_PART = 65_536;
/** Answers that one session may have waiting to be forgotten. */
export const MAX_ANSWERS = 65_536;
