{{- define "connect-sso.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "connect-sso.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- $name := include "connect-sso.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "connect-sso.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "connect-sso.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "connect-sso.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "connect-sso.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "connect-sso.selectorLabels" -}}
app.kubernetes.io/name: {{ include "connect-sso.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: controller
{{- end }}

{{- define "connect-sso.sandboxSelectorLabels" -}}
app.kubernetes.io/name: {{ include "connect-sso.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: sandbox
{{- end }}

{{- define "connect-sso.pageSelectorLabels" -}}
app.kubernetes.io/name: {{ include "connect-sso.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: page
{{- end }}

{{/* Labels and annotations of an object: a dict of root, and the object's own labels and annotations. */}}
{{- define "connect-sso.metadata" -}}
labels:
  {{- include "connect-sso.labels" .root | nindent 2 }}
  {{- with .labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "connect-sso.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{- define "connect-sso.configMapName" -}}
{{- if .Values.existingConfigMap -}}
{{ .Values.existingConfigMap }}
{{- else if .Values.config -}}
{{ include "connect-sso.fullname" . }}
{{- end }}
{{- end }}

{{/* What the schema cannot say in words that help. */}}
{{- define "connect-sso.validate" -}}
{{- with .Values }}
{{- if and (has .aws.identity (list "IRSA" "ProjectedToken")) (not .aws.roleArn) }}
{{- fail (printf "aws.identity %s needs aws.roleArn, the role that the controller takes on" .aws.identity) }}
{{- end }}
{{- if and .aws.roleArn (not (has .aws.identity (list "IRSA" "ProjectedToken"))) }}
{{- fail (printf "aws.roleArn is used by aws.identity IRSA and ProjectedToken only, not by %s" .aws.identity) }}
{{- end }}
{{- if and (ne .entra.identity "Ambient") (not (and .entra.tenantId .entra.clientId)) }}
{{- fail (printf "entra.identity %s needs entra.tenantId and entra.clientId" .entra.identity) }}
{{- end }}
{{- if and .page.enabled (not (and (hasPrefix "https://" .page.publicUrl) .page.oidc.clientId (or .page.oidc.issuerUrl .entra.tenantId))) }}
{{- fail "page.enabled needs page.publicUrl (https), page.oidc.clientId, and page.oidc.issuerUrl or entra.tenantId" }}
{{- end }}
{{- if and .config .existingConfigMap }}
{{- fail "set config or existingConfigMap, not both" }}
{{- end }}
{{- if and .sandbox.enabled (or (ne .aws.identity "Ambient") (ne .entra.identity "Ambient")) }}
{{- fail "sandbox.enabled replaces both clouds: leave aws.identity and entra.identity at Ambient" }}
{{- end }}
{{- if and (not .serviceAccount.create) (or (eq .aws.identity "IRSA") (eq .entra.identity "Webhook")) }}
{{- if not .serviceAccount.name }}
{{- fail "serviceAccount.create=false needs serviceAccount.name: IRSA and the Entra webhook look at its annotations" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the controller may do to the objects that it watches: nothing of a Secret, nothing of a spec but through finalizers' patch. */}}
{{- define "connect-sso.controllerRules" -}}
# patch: the finalizer.
- apiGroups: [connectsso.dev]
  resources: [connectssopersonas, connectusersets, connectusers]
  verbs: [list, watch, patch]
# The users of sets; patch is what applies them, too.
- apiGroups: [connectsso.dev]
  resources: [connectusers]
  verbs: [create, delete]
- apiGroups: [connectsso.dev]
  resources: [connectssopersonas/status, connectusersets/status, connectusers/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
