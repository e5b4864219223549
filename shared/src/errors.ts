/**
 * Every error the API answers with: a stable code for programs, the HTTP status, and a sentence for people under
 * `errors.<code>` in i18n/<locale>/errors.json. A code never changes its meaning.
 */
export const ERRORS = {
  already_set_up: { status: 409 },
  /** The rule that outside systems deliver to is switched off. */
  automation_off: { status: 409 },
  /** A budget stops bulk sending: value `budgetId`. */
  budget_reached: { status: 409 },
  /** It was changed since its estimate was shown: prepare it again, look, start with the new version. */
  campaign_changed: { status: 409 },
  /** Nobody is left to be written to. */
  campaign_empty: { status: 409 },
  /** In the state it is in, that cannot be done; value: `state`. */
  campaign_state: { status: 409 },
  cannot_merge_self: { status: 422 },
  /** Conversations refer to it; it can only rest. */
  channel_in_use: { status: 409 },
  channel_kind_unknown: { status: 422 },
  /** Paused, or its settings no longer work: nothing can be sent on it. */
  channel_not_active: { status: 409 },
  channel_settings_invalid: { status: 422 },
  /** The settings have the right form, but the provider refuses them. */
  channel_settings_wrong: { status: 422 },
  /** Signing in needs the second factor's code too: send it as `code`. */
  code_required: { status: 401 },
  conflict: { status: 409 },
  contact_merged: { status: 409 },
  conversation_closed: { status: 409 },
  cross_site: { status: 403 },
  /** Nobody knows yet who a visitor is: first it becomes a lead, a person or a company. */
  deal_on_visitor: { status: 422 },
  /** A sheet has no more rows. */
  export_too_large: { status: 409 },
  file_gone: { status: 410 },
  file_not_ready: { status: 409 },
  file_type_refused: { status: 415 },
  hook_body_invalid: { status: 400 },
  /** Signed with another secret, or more than five minutes ago. */
  hook_signature_wrong: { status: 401 },
  hook_unknown: { status: 404 },
  idempotency_conflict: { status: 409 },
  /** It belongs to a contact that was deleted and can be restored; `contactId` for those who may. */
  identity_deleted: { status: 409 },
  /** Conversations run over the identity. */
  identity_in_use: { status: 409 },
  identity_taken: { status: 409 },
  import_empty: { status: 422 },
  /** No column says a name, a number or an address. */
  import_no_name: { status: 422 },
  import_too_large: { status: 422 },
  import_unreadable: { status: 422 },
  internal: { status: 500 },
  invalid_cursor: { status: 422 },
  /** `errors[]` says which fields, each with one of FIELD_ERRORS. */
  invalid_input: { status: 422 },
  invalid_json: { status: 400 },
  last_administrator: { status: 409 },
  /** Value: `outcome` (open, won, lost); of each the board has at least one stage. */
  last_stage: { status: 409 },
  /** Used, revoked, run out, or never made. */
  link_over: { status: 410 },
  /** Value: `reason`, the mail server's words. */
  mail_failed: { status: 409 },
  mail_not_set_up: { status: 409 },
  merge_not_undoable: { status: 409 },
  message_not_retryable: { status: 409 },
  method_not_allowed: { status: 405 },
  no_right: { status: 403 },
  /** The contact cannot be reached on this channel. */
  no_route: { status: 409 },
  not_found: { status: 404 },
  not_ready: { status: 503 },
  not_set_up: { status: 409 },
  not_signed_in: { status: 401 },
  operation_busy: { status: 409 },
  operation_not_undoable: { status: 409 },
  /** It has ended, or is being undone: it can be neither changed nor stopped. */
  operation_over: { status: 409 },
  /** The assignee has acted on the request, or it does not stand where the step begins. */
  request_locked: { status: 409 },
  /** A token that may only read, or somebody who sees as another user. */
  read_only: { status: 403 },
  rate_limited: { status: 429 },
  reload_required: { status: 409 },
  /** The administrator's role and the preset ones cannot be changed so. */
  role_fixed: { status: 409 },
  role_in_use: { status: 409 },
  /** Deals stand in it: it can be retired, not deleted, and its outcome stays. */
  stage_in_use: { status: 409 },
  second_factor_on: { status: 409 },
  /** A role asks for a second factor: until there is one nothing else is allowed. */
  second_factor_needed: { status: 403 },
  team_exists: { status: 409 },
  too_large: { status: 413 },
  /** Value: `max`, how many there may be. */
  too_many: { status: 409 },
  /** Value: `seconds` until the next attempt is heard. */
  too_many_attempts: { status: 429 },
  unsupported_media_type: { status: 415 },
  user_exists: { status: 409 },
  weak_password: { status: 422 },
  wrong_code: { status: 401 },
  wrong_credentials: { status: 401 },
} as const satisfies Record<string, { status: number }>

export type ErrorCode = keyof typeof ERRORS

/** What may be wrong with one field of the input (`errors[].code` of an answer with `invalid_input`). */
export const FIELD_ERRORS = [
  'already_used',
  /** A number of identity with a slip: its check digit says so. */
  'check_digit_wrong',
  'code_not_right',
  'file_too_large',
  'not_a_number',
  'not_a_phone',
  'not_a_postal_code',
  'not_allowed',
  'not_an_email',
  'out_of_range',
  /** A group would belong to itself, by way of others. */
  'relation_loop',
  'required',
  /** A secret must be entered anew: it would go to another address than it was given for. */
  'secret_again',
  /** Of a text with fields; values: `name` and `position`, the character (counted from 1) at which it stands. */
  'text_brace_wrong',
  /** The text may go to somebody of whom this is not known: say what stands there then. */
  'text_fallback_needed',
  'text_field_unknown',
  'text_format_wrong',
  'too_long',
  'too_short',
  'unknown_field',
  'wrong_format',
  'wrong_password',
] as const

export type FieldErrorCode = (typeof FIELD_ERRORS)[number]
